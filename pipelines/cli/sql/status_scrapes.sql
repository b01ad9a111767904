-- How the last hour of scrapes of each source went, one row per target, source and outcome.
select
    target,
    source,
    hour_at,
    outcome,
    scrapes,
    reason
from scrape_outcomes_hourly
qualify hour_at = max(hour_at) over (partition by target, source)
order by target, source, outcome
