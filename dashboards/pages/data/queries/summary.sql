-- One row: how complete the market's days are, and how much is quarantined.
with last_week as (
    select (select max(date) from market_days where not is_missing) as newest_date
)

select
    count(*) filter (where not is_missing) as loaded_days,
    count(*) filter (where is_missing) as missing_days,
    count(*) filter (where is_withdrawn) as withdrawn_days,
    count(*) filter (where version > 1) as restated_days,
    (select newest_date from last_week) as newest_date,
    (select count(*) from ingest_log) as answers,
    (select count(*) from ingest_log where outcome not in ('loaded', 'unchanged')) as answers_not_whole,
    (select max(fetched_at) from ingest_log) as last_fetched_at,
    (select count(*) from ingest_quarantine) as quarantined
from market_days
