-- market_days and market_tokens_daily are two views of one ranking, so neither may have a day that
-- the other lacks.
with summed as (
    select
        date,
        sum(total_tokens) as platform_tokens,
        sum(total_tokens) filter (where is_other) as other_tokens,
        count(*) filter (where not is_other) as model_count,
        min(total_tokens) filter (where not is_other) as cutoff_tokens,
        max(as_of) as as_of
    from {{ ref('market_tokens_daily') }}
    group by date
)

select
    days.*,
    summed.*
from {{ ref('market_days') }} as days
full outer join summed
    using (date)
where
    days.date is null
    or days.is_missing <> (summed.date is null)
    or days.platform_tokens is distinct from summed.platform_tokens
    or days.other_tokens is distinct from summed.other_tokens
    or days.model_count is distinct from summed.model_count
    or days.cutoff_tokens is distinct from summed.cutoff_tokens
    -- A figure may be older than its ranking, never newer.
    or days.as_of < summed.as_of
