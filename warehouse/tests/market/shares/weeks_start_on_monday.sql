-- Weeks that begin on different weekdays cannot be compared. A slice by week that does not begin on
-- a Monday was cut by the requested window.
select
    'market_share_weekly' as mart,
    week_start
from {{ ref('market_share_weekly') }}
where isodow(week_start) <> 1

union all

select
    'market_concentration_weekly' as mart,
    week_start
from {{ ref('market_concentration_weekly') }}
where isodow(week_start) <> 1

union all

select
    'market_slices' as mart,
    date as week_start
from {{ ref('market_slices') }}
where
    grain = 'week'
    and isodow(date) <> 1
