-- One row: whether the UTC day that should be published by now is.
with newest as (
    select max(date) as date
    from market_days
    where platform_tokens is not null
)

select
    'market' as subject,
    coalesce(date < $day, true) as is_firing,
    date_diff('day', date, $day) as value,
    0 as threshold,
    'days' as unit,
    $day::timestamp at time zone 'UTC' as since,
    coalesce(
        format('the newest UTC day with figures is {}; {} should be in by now', date, $day::date),
        format('no UTC day has figures; {} should be in by now', $day::date)
    ) as text
from newest
