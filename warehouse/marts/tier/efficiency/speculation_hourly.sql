-- One row per UTC hour, target and model that drafted tokens: how many were accepted, and how far.
--
-- SGLang counts no accepted tokens: its own means of recent steps are shown instead, so marked.
with counters as (
    select
        hour_at,
        target,
        model_name,
        metric,
        position,
        sum(growth) as growth
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('drafts', 'draft_tokens', 'draft_tokens_at', 'accepted_tokens', 'accepted_tokens_at')
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
        ) as accepted_at,
        list(growth order by position) filter (
            where metric = 'draft_tokens_at' and position is not null
        ) as drafted_at
    from counters
    group by all
),

gauges as (
    select
        hour_at,
        target,
        model_name,
        sum(mean_value * samples) filter (where metric = 'acceptance_rate')
        / sum(samples) filter (where metric = 'acceptance_rate') as acceptance,
        sum(mean_value * samples) filter (where metric = 'acceptance_length')
        / sum(samples) filter (where metric = 'acceptance_length') as mean_length
    from {{ ref('stg_telemetry__gauges') }}
    -- They are 0 until something is drafted.
    where metric in ('acceptance_rate', 'acceptance_length') and mean_value > 0
    group by all
),

joined as (
    select
        coalesce(hours.hour_at, gauges.hour_at) as hour_at,
        coalesce(hours.target, gauges.target) as target,
        coalesce(hours.model_name, gauges.model_name) as model_name,
        hours.drafts,
        hours.draft_tokens,
        hours.accepted_tokens,
        hours.accepted_at,
        hours.drafted_at,
        gauges.acceptance,
        gauges.mean_length
    from hours
    full join gauges
        on
            hours.hour_at = gauges.hour_at
            and hours.target = gauges.target
            and hours.model_name = gauges.model_name
    -- A gauge keeps its last value while nothing is drafted.
    where
        hours.drafts > 0
        or hours.draft_tokens > 0
        or (hours.drafts is null and hours.draft_tokens is null)
),

with_services as (
    select
        joined.*,
        coalesce(services.service, joined.target) as service
    from joined
    left join {{ ref('target_services_daily') }} as services
        on
            joined.target = services.target
            and {{ utc_date('joined.hour_at') }} = services.day
)

select
    hour_at,
    target,
    model_name,
    round(drafts)::bigint as drafts,
    round(draft_tokens)::bigint as draft_tokens,
    round(accepted_tokens)::bigint as accepted_tokens,
    coalesce(accepted_tokens / nullif(draft_tokens, 0), acceptance) as acceptance,
    -- Each verification also yields the token that the model itself would have produced next.
    coalesce(1 + accepted_tokens / nullif(drafts, 0), mean_length) as mean_length,
    list_transform(accepted_at, lambda accepted: accepted / nullif(drafts, 0))
        as acceptance_by_position,
    list_transform(drafted_at, lambda drafted: drafted / nullif(drafts, 0)) as drafted_by_position,
    case
        when accepted_tokens is not null then 'counters'
        when coalesce(acceptance, mean_length) is not null then 'gauges'
    end as method,
    case
        when accepted_tokens is null and coalesce(acceptance, mean_length) is not null
            then 'the server counts no accepted tokens; acceptance is its own mean of recent steps'
        when accepted_tokens is null then 'the server does not count accepted tokens'
        when draft_tokens is null then 'the server does not count drafted tokens'
        when drafts is null then 'the server does not count drafts'
    end as reason,
    service
from with_services
order by hour_at, target, model_name
