-- One row per target and scrape: whether it came, and whether too much time lies before it.
select
    target,
    scraped_at,
    {{ minute_of('scraped_at') }} as minute_at,
    is_up,
    reason,
    started_at,
    seconds_since_last,
    is_gap,
    -- Growth since the last scrape that came is known with this one, though nobody watched it.
    is_up and is_gap as is_end_of_gap
from {{ source('ledger', 'scrapes') }}
where {{ is_known_hour('scraped_at') }}
