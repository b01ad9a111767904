-- The minutes of a target's day hold all growth of its counters, gaps and restarts included. Minutes hold
-- whole tokens, so each may be off by half a token.
{{ config(meta={'is_local': true}) }}
with minutes as (
    select
        target,
        model_name,
        {{ utc_date('minute_at') }} as day,
        sum(prompt_tokens) as prompt_tokens,
        sum(generation_tokens) as generation_tokens,
        sum(requests_total) as requests_finished,
        count(*) as rows
    from {{ ref('served_tokens_minutely') }}
    group by all
),

kept as (
    unpivot minutes
    on prompt_tokens, generation_tokens, requests_finished
    into name metric value counted
),

growths as (
    select
        target,
        model_name,
        {{ utc_date('minute_at') }} as day,
        metric,
        sum(growth) as growth
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('prompt_tokens', 'generation_tokens', 'requests_finished')
    group by all
)

select
    growths.target,
    growths.model_name,
    growths.day,
    growths.metric,
    growths.growth,
    kept.counted
from growths
left join kept
    using (target, model_name, day, metric)
where
    -- Of a day whose growth is unknown nothing can be lost.
    growths.growth is not null
    and not coalesce(abs(growths.growth - kept.counted) <= 0.5 * kept.rows, false)
