-- One row per target and scrape: whether it succeeded, and whether the gap before it is too long.
select
    target,
    scraped_at,
    {{ floor_to_minute('scraped_at') }} as minute_at,
    is_up,
    reason,
    started_at,
    seconds_since_last,
    is_gap,
    coalesce(is_restart, false) as is_restart,
    contradiction,
    -- This scrape shows the growth since the last successful one, though nobody watched it.
    is_up and is_gap as is_end_of_gap
from {{ source('ledger', 'scrapes') }}
where {{ is_known_hour('scraped_at') }}
