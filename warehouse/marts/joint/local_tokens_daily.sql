-- One row per UTC day, target and model served: its tokens by kind, and its name in the market.
--
-- Cached tokens are part of the prompt tokens; prompt_share, cached_share and completion_share
-- count them once and sum to one.
with days as (
    select
        hour_at::date as date,
        target,
        model_name,
        any_value(service) as service,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        -- One hour without a count of cached tokens leaves the day's count unknown.
        case
            when not bool_or(coalesce(prompt_tokens, 0) > 0 and cached_prompt_tokens is null)
                then sum(cached_prompt_tokens)::bigint
        end as cached_prompt_tokens,
        sum(covered_seconds) / 86400 as covered_share
    from {{ ref('served_tokens_hourly') }}
    group by all
),

totals as (
    select
        *,
        prompt_tokens + generation_tokens as total_tokens,
        case
            when covered_share <= 0 or prompt_tokens is null and generation_tokens is null
                then 'nothing is known of the day'
            when prompt_tokens is null or generation_tokens is null
                then 'the server does not count all its tokens'
        end as reason,
        case
            when prompt_tokens + generation_tokens = 0 then 'no tokens on this day'
            when cached_prompt_tokens is null then 'the server does not count cached tokens'
            when cached_prompt_tokens > prompt_tokens
                then 'more cached tokens are counted than prompt tokens'
        end as no_mix_reason
    from days
)

select
    totals.date,
    totals.target,
    totals.model_name,
    served.canonical_slug,
    served.model_permaslug,
    served.model_id,
    served.model_family,
    split_part(served.model_family, '/', 1) as author_slug,
    served.weights_quantization,
    totals.prompt_tokens,
    totals.generation_tokens,
    totals.cached_prompt_tokens,
    totals.total_tokens,
    totals.total_tokens
    / nullif(sum(totals.total_tokens) over (partition by totals.date, totals.target), 0)
        as share_of_target,
    case
        when totals.no_mix_reason is null
            then (totals.prompt_tokens - totals.cached_prompt_tokens) / totals.total_tokens
    end as prompt_share,
    case
        when totals.no_mix_reason is null then totals.cached_prompt_tokens / totals.total_tokens
    end as cached_share,
    totals.generation_tokens / nullif(totals.total_tokens, 0) as completion_share,
    coalesce(totals.reason, totals.no_mix_reason) as mix_reason,
    totals.covered_share,
    totals.reason,
    totals.service
from totals
left join {{ ref('served_models') }} as served
    using (target, model_name)
order by totals.date, totals.target, totals.model_name
