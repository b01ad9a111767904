-- One row per ISO week that has been asked for whole: every one of its days is a day of the market, there or known to be missing.
--
-- A week with a missing day still has a leader, that of its other days; missing_days says how much that rests on.
select
    date_trunc('week', date)::date as week_start,
    count(*) filter (where is_missing) as missing_days
from {{ ref('market_days') }}
group by date_trunc('week', date)
having
    count(*) = 7
    and count(*) filter (where not is_missing) > 0
