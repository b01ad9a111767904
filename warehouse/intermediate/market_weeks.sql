-- One row per ISO week of which every day was requested, whether the source had it or not.
--
-- A week with a missing day still has a leader, that of its other days; missing_days shows how
-- solid that is.
select
    date_trunc('week', date)::date as week_start,
    count(*) filter (where is_missing) as missing_days
from {{ ref('market_days') }}
group by date_trunc('week', date)
having
    count(*) = 7
    and count(*) filter (where not is_missing) > 0
