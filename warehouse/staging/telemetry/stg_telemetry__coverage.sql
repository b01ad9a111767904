-- One row per target and minute: how much of it lies between scrapes close enough together.
select
    target,
    minute_at,
    hour_at,
    covered_seconds,
    scrapes,
    failed_scrapes
from {{ source('ledger', 'coverage_minutes') }}
where {{ is_known_hour('hour_at') }}
