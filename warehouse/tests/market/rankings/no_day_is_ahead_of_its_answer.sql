-- The source publishes days that are over. Any other day would be in progress, with figures that
-- only look low.
select
    'market_days' as mart,
    date,
    as_of
from {{ ref('market_days') }}
where not coalesce(date < as_of::date, false)

union all

select
    'market_tokens_daily' as mart,
    date,
    as_of
from {{ ref('market_tokens_daily') }}
where not coalesce(date < as_of::date, false)

union all

select
    'market_slices' as mart,
    date,
    as_of
from {{ ref('market_slices') }}
where not coalesce(date < as_of::date, false)
