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

-- One row per position of an hour's drafts, from 0.
positions as (
    select
        hour_at,
        target,
        model_name,
        position,
        sum(growth) filter (where metric = 'draft_tokens_at') as drafted,
        sum(growth) filter (where metric = 'accepted_tokens_at') as accepted
    from counters
    where position is not null
    group by all
),

-- Where each position's drafted tokens are counted, acceptance there is over them. Elsewhere (vLLM)
-- it is known only if every draft had all positions; then each was drafted as often as there are drafts.
by_position as (
    select
        hours.hour_at,
        hours.target,
        hours.model_name,
        list(positions.accepted order by positions.position) as accepted_counts,
        case
            when count(positions.drafted) > 0 then list(positions.drafted order by positions.position)
            else list(hours.drafts order by positions.position)
        end as drafted_counts,
        case
            when count(positions.accepted) < count(*)
                then 'the server does not count accepted tokens by position'
            when count(positions.drafted) > 0
                then case
                    when count(positions.drafted) < count(*) or sum(positions.drafted) != hours.draft_tokens
                        then 'drafted tokens by position are known for a part of the hour only'
                end
            when hours.draft_tokens is null then 'the server does not count drafted tokens'
            when hours.drafts is null then 'the server does not count drafts'
            when hours.draft_tokens != hours.drafts * count(*)
                then
                    'drafts differ in length, and the server does not count how many reached each '
                    || 'position'
        end as reason
    from hours
    inner join positions
        on
            hours.hour_at = positions.hour_at
            and hours.target = positions.target
            and hours.model_name = positions.model_name
    group by hours.hour_at, hours.target, hours.model_name, hours.drafts, hours.draft_tokens
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
        by_position.accepted_counts,
        case when by_position.reason is null then by_position.drafted_counts end as drafted_counts,
        case
            when by_position.target is null then 'the server does not count accepted tokens by position'
            else by_position.reason
        end as position_reason,
        coalesce(services.service, joined.target) as service
    from joined
    left join by_position
        on
            joined.hour_at = by_position.hour_at
            and joined.target = by_position.target
            and joined.model_name = by_position.model_name
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
    service,
    list_transform(accepted_counts, lambda accepted: round(accepted)::bigint)
        as accepted_tokens_by_position,
    list_transform(drafted_counts, lambda drafted: round(drafted)::bigint) as draft_tokens_by_position,
    case
        when drafted_counts is not null
            then list_transform(
                list_zip(accepted_counts, drafted_counts), lambda pair: pair[1] / nullif(pair[2], 0)
            )
    end as acceptance_at_position,
    position_reason
from with_services
order by hour_at, target, model_name
