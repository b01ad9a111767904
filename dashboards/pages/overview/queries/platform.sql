-- One row per week: tokens of the platform, null if a day of it is not known.
with weekly as (
    select
        date_trunc('week', date)::date as week_start,
        sum(platform_tokens)::bigint as known_tokens,
        count(platform_tokens) filter (where not is_other_missing) as known_days
    from market_days
    group by 1
),

weeks as (
    select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
    from weekly
)

select week_start, if(known_days = 7, known_tokens, null) as tokens, coalesce(known_days, 0) as known_days
from weeks
left join weekly using (week_start)
order by week_start
