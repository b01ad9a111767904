-- One row: the first and the last day of the market with figures, and the last day of the newest whole
-- week. None if no day has figures.
with days as (
    select min(date) as first_day, max(date) as last_day
    from market_days
    where not is_missing
),

weeks as (
    select min(week_start) filter (where is_whole_week) as first_day, max(week_start) filter (where is_whole_week) + 6 as last_whole
    from market_share_weekly
)

select
    least(days.first_day, weeks.first_day) as first_day, greatest(days.last_day, weeks.last_whole) as last_day,
    coalesce(weeks.last_whole, days.last_day) as last_whole
from days
cross join weeks
where days.first_day is not null or weeks.last_whole is not null
