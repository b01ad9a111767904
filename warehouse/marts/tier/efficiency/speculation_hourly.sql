-- One row per UTC hour, target and model that drafted tokens: how many were accepted, and how far.
with counters as (
    select
        hour_at,
        target,
        model_name,
        metric,
        position,
        sum(growth) as growth
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('drafts', 'draft_tokens', 'accepted_tokens', 'accepted_tokens_at')
    group by all
),

hours as (
    select
        hour_at,
        target,
        model_name,
        sum(growth) filter (where metric = 'drafts') as drafts,
        sum(growth) filter (where metric = 'draft_tokens') as draft_tokens,
        sum(growth) filter (where metric = 'accepted_tokens') as accepted_tokens,
        list(growth order by position) filter (
            where metric = 'accepted_tokens_at' and position is not null
        ) as accepted_at
    from counters
    group by all
)

select
    hour_at,
    target,
    model_name,
    round(drafts)::bigint as drafts,
    round(draft_tokens)::bigint as draft_tokens,
    round(accepted_tokens)::bigint as accepted_tokens,
    accepted_tokens / nullif(draft_tokens, 0) as acceptance,
    -- Each verification also yields the token that the model itself would have produced next.
    1 + accepted_tokens / nullif(drafts, 0) as mean_length,
    list_transform(accepted_at, lambda accepted: accepted / nullif(drafts, 0))
        as acceptance_by_position
from hours
where drafts > 0 or draft_tokens > 0
order by hour_at, target, model_name
