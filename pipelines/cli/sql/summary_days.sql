-- How much of the market is known, one row.
with newest as (
    select max(date) as date from market_days where not is_missing
)

select
    count(*) filter (where not days.is_missing) as days,
    count(*) filter (where days.is_missing) as missing,
    (select count(*) from models) as models,
    sum(days.platform_tokens) filter (where days.date > newest.date - 7)::bigint as week_tokens
from market_days as days
cross join newest
