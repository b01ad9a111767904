-- How the last hour of scrapes of each source went, one row per target, source and outcome. A target
-- that is gone is not missing, so it has none.
select
    target,
    source,
    hour_at,
    outcome,
    scrapes,
    reason,
    service
from scrape_outcomes_hourly
where target not in (select target from service_replicas where state = 'gone')
qualify hour_at = max(hour_at) over (partition by target, source)
order by service, target, source, outcome
