-- The source writes -1 where a price varies, which is not a price.
select
    'model_prices_daily' as mart,
    model_id,
    date,
    kind as what,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    cached_usd_per_mtok
from {{ ref('model_prices_daily') }}
where
    not coalesce(prompt_usd_per_mtok >= 0 and completion_usd_per_mtok >= 0, false)
    or cached_usd_per_mtok < 0

union all

select
    'endpoint_speed' as mart,
    model_id,
    captured_at::date as date,
    tag as what,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    cached_usd_per_mtok
from {{ ref('endpoint_speed') }}
where
    prompt_usd_per_mtok < 0
    or completion_usd_per_mtok < 0
    or cached_usd_per_mtok < 0
