-- One row per model family whose last four whole weeks are less than half of its best four in a row;
-- those with the largest best share first.
with weekly as (
    select week_start, member as model_family, tokens, share
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'family' and is_whole_week and member <> 'unknown'
),

newest as (
    select max(week_start) as week_start from weekly
),

months as (
    select
        model_family, week_start,
        sum(share) over (partition by model_family order by week_start range between interval 21 day preceding and current row) / 4 as share
    from weekly
),

best as (
    select model_family, max(share) as best_share, arg_max(week_start, share) as best_week
    from months
    group by model_family
),

last_seen as (
    select model_family, max(week_start) as last_week, sum(share) filter (where week_start > (from newest) - 28) / 4 as share
    from weekly
    group by model_family
)

select model_family, best_week, best_share, last_week, share, if(share is null, null, share / best_share - 1) as change_ratio
from best
inner join last_seen using (model_family)
where
    best_week > (from newest) - 7 * 52 and coalesce(share, 0) < best_share / 2
    and last_week > (from newest) - 7 * 13
order by best_share desc
limit 40
