-- The undiscounted price with its discount taken off is the price asked, to the last digit kept; it is
-- there or its reason is.
select
    date,
    model_id,
    kind,
    discount,
    prompt_usd_per_mtok,
    undiscounted_prompt_usd_per_mtok,
    undiscounted_reason
from {{ ref('model_prices_daily') }}
where
    (undiscounted_prompt_usd_per_mtok is null) <> (undiscounted_reason is not null)
    or abs(
        undiscounted_prompt_usd_per_mtok * (1 - coalesce(discount, 0)) - prompt_usd_per_mtok
    ) > 0.000001
