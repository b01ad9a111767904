-- One row per target, source, hour and outcome of scrapes; a page may leave figures of devices out.
select
    target,
    engine as source,
    is_of_devices,
    device_source,
    hour_at,
    outcome,
    nearest_engine,
    withheld,
    scrapes,
    first_at,
    last_at,
    read_samples,
    known_samples,
    unknown_families,
    problems
from {{ source('ledger', 'scrape_outcome_hours') }}
where {{ is_known_hour('hour_at') }}
