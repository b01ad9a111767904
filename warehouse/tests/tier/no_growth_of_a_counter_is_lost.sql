-- The minutes of a target hold all that its counters grew by, gaps and restarts included. Minutes hold whole tokens, so each may be off by half.
with minutes as (
    select
        target,
        model_name,
        sum(prompt_tokens) as prompt_tokens,
        sum(generation_tokens) as generation_tokens,
        sum(requests_total) as requests_finished,
        count(*) as rows
    from {{ ref('served_tokens_minutely') }}
    group by target, model_name
),

kept as (
    unpivot minutes
    on prompt_tokens, generation_tokens, requests_finished
    into name metric value counted
),

grown as (
    select
        target,
        model_name,
        metric,
        sum(growth) as growth
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('prompt_tokens', 'generation_tokens', 'requests_finished')
    group by target, model_name, metric
)

select
    grown.target,
    grown.model_name,
    grown.metric,
    grown.growth,
    kept.counted
from grown
left join kept
    using (target, model_name, metric)
where not coalesce(abs(grown.growth - kept.counted) <= 0.5 * kept.rows, false)
