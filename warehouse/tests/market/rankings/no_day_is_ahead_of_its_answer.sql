-- The source speaks of days that are over. A day that is not would be one in progress, whose figures only look low.
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
