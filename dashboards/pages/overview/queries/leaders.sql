-- One row per author, the eight largest of the newest whole week: share with bounds, and the share
-- four weeks before.
with shares as (
    select *
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'author' and is_whole_week
),

newest as (
    select max(week_start) as week_start from shares
)

select
    now.week_start, now.member, now.rank, now.share, now.share_low, now.share_high, before.share as share_before, now.dimension, now.basis,
    now.attribution
from shares as now
left join shares as before on now.member = before.member and now.week_start = before.week_start + 28
where now.week_start = (from newest) and now.rank <= 8
order by now.rank, now.member
