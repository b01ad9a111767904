-- One row per figure of the newest whole week: its share with bounds, and the share of the week
-- before if that one is whole too.
with shares as (
    select *
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and is_whole_week
),

newest as (
    select max(week_start) as week_start from shares
),

figures as (
    select week_start, dimension, member, rank, tokens, share, share_low, share_high
    from shares
    where
        (dimension = 'author' and rank <= 3)
        or (dimension = 'country' and rank <= 2)
        or (dimension = 'weights' and member = 'open')
    union all
    select week_start, 'platform', 'all', null, sum(tokens)::bigint, null, null, null
    from shares
    where dimension = 'weights'
    group by week_start
),

every as (
    select week_start, dimension, member, tokens, share
    from shares
    union all
    select week_start, dimension, member, tokens, share
    from figures
    where dimension = 'platform'
)

select
    figures.week_start, figures.dimension, figures.member, figures.rank, figures.tokens, figures.share, figures.share_low,
    figures.share_high, before.tokens as tokens_before, before.share as share_before
from figures
left join every as before
    on
        figures.dimension = before.dimension and figures.member = before.member
        and figures.week_start = before.week_start + 7
where figures.week_start = (from newest)
order by figures.dimension, figures.rank
