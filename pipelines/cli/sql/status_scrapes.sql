-- How the last hour of scrapes of each source went, one row per target, source and outcome. A target
-- that is gone is not missing, so it has none.
select
    outcomes.target,
    outcomes.source,
    outcomes.hour_at,
    outcomes.outcome,
    outcomes.scrapes,
    outcomes.reason,
    outcomes.service
from scrape_outcomes_hourly as outcomes
anti join service_replicas as gone
    on
        outcomes.target = gone.target
        and gone.state = 'gone'
qualify outcomes.hour_at = max(outcomes.hour_at) over (partition by outcomes.target, outcomes.source)
order by outcomes.service, outcomes.target, outcomes.source, outcomes.outcome
