-- One row: whether any scrape of the tier succeeded within the last hours.
with newest as (
    select max(last_at) as since
    from scrape_outcomes_hourly
    where is_up
)

select
    'telemetry' as subject,
    coalesce(date_diff('second', since, $now) > 3600 * $hours, true) as is_firing,
    round(date_diff('second', since, $now) / 3600, 1) as value,
    $hours as threshold,
    'hours' as unit,
    since,
    coalesce(
        format(
            'the last scrape of the tier that succeeded was {:.1f} hours ago, at {} UTC',
            date_diff('second', since, $now) / 3600,
            strftime(since, '%Y-%m-%d %H:%M')
        ),
        'no scrape of the tier has ever succeeded'
    ) as text
from newest
