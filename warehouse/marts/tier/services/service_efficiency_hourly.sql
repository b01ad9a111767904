-- One row per UTC hour, service and model: what its replicas served, and at what speed and cost.
--
-- Sums are of the replicas of which a figure is known; rates are ratios of sums, so a replica counts
-- with its seconds. Energy and cost are known only where they are of every replica that was timed,
-- one that served nothing too: what it costs belongs to the service.
with minutes as (
    select
        hour_at,
        service,
        target,
        model_name,
        count(*) as minutes,
        min(minute_at) as first_minute_at,
        max(minute_at) as last_minute_at,
        arg_min(covered_seconds, minute_at) as first_covered_seconds,
        arg_max(covered_seconds, minute_at) as last_covered_seconds
    from (
        select
            *,
            {{ floor_to_hour('minute_at') }} as hour_at
        from {{ ref('served_tokens_minutely') }}
    ) as with_hours
    group by all
),

-- A replica is there for a part of its first and last minute only, and for no more than is covered.
-- One that is there at midnight has no first or last minute then.
edges as (
    select
        *,
        first_minute_at = min(first_minute_at) over same_day
        and first_minute_at > {{ utc_date('hour_at') }}::timestamptz as is_first,
        last_minute_at = max(last_minute_at) over same_day
        and last_minute_at
        < ({{ utc_date('hour_at') }} + 1)::timestamptz - interval 1 minute as is_last
    from minutes
    window same_day as (partition by target, model_name, {{ utc_date('hour_at') }})
),

presence as (
    select
        hour_at,
        target,
        model_name,
        case
            when minutes = 1 and (is_first or is_last) then first_covered_seconds
            else
                60 * minutes
                - case when is_first then 60 - first_covered_seconds else 0 end
                - case when is_last then 60 - last_covered_seconds else 0 end
        end as present_seconds
    from edges
),

-- The time of a service: in each minute that of the replica which was timed for most of it.
service_time as (
    select
        hour_at,
        service,
        model_name,
        sum(seconds) as timed_seconds
    from (
        select
            {{ floor_to_hour('minute_at') }} as hour_at,
            service,
            model_name,
            minute_at,
            max(covered_seconds) as seconds
        from {{ ref('served_tokens_minutely') }}
        where covered_seconds > 0 and not is_end_of_gap and unknown_reason is null
        group by all
    ) as by_minute
    group by all
),

goodput as (
    select *
    from {{ ref('served_goodput_hourly') }}
    qualify row_number() over (partition by hour_at, target, model_name order by method) = 1
),

joined as (
    select
        hours.*,
        presence.present_seconds,
        hours.timed_prompt_tokens + hours.timed_generation_tokens as timed_tokens,
        -- All its tokens came in minutes that end gaps, so how long they took is not known.
        hours.timed_seconds > 0
        and not coalesce(
            timed_tokens = 0 and hours.prompt_tokens + hours.generation_tokens > 0, false
        ) as is_used,
        efficiency.devices,
        efficiency.speed_reason as no_time_reason,
        efficiency.energy_reason,
        efficiency.mean_watts,
        efficiency.power_provenance,
        efficiency.target_usd_per_second::double as usd_per_second,
        efficiency.target_cost_reason,
        goodput.goodput_share,
        efficiency.goodput_reason,
        goodput.method as goodput_method,
        goodput.requests as goodput_requests,
        coalesce(goodput.requests, hours.requests_total, 0) > 0 and goodput.goodput_share is null
            as lacks_goodput
    from {{ ref('served_tokens_hourly') }} as hours
    inner join {{ ref('local_efficiency_hourly') }} as efficiency
        using (hour_at, target, model_name)
    inner join presence
        using (hour_at, target, model_name)
    left join goodput
        using (hour_at, target, model_name)
),

-- The models of a replica share its devices by its tokens. Where it served none, by those that the
-- service served of these models.
with_weights as (
    select
        *,
        sum(timed_tokens) over (partition by hour_at, target) as target_tokens,
        sum(timed_tokens) over (partition by hour_at, service, model_name) as service_tokens
    from joined
),

replicas as (
    select
        *,
        case
            when timed_tokens is null then null
            when target_tokens > 0 then timed_tokens / target_tokens
            else
                service_tokens
                / nullif(sum(service_tokens) over (partition by hour_at, target), 0)
        end as share,
        case
            when covered_seconds <= 0 then 'no time of this hour is covered'
            else
                'the server has no counter of '
                || nullif(
                    concat_ws(
                        ', ',
                        case when prompt_tokens is null then 'prompt tokens' end,
                        case when generation_tokens is null then 'generated tokens' end,
                        case when requests_total is null then 'finished requests' end
                    ),
                    ''
                )
        end as count_reason,
        case
            when timed_seconds <= 0 then no_time_reason
            when not is_used then {{ untimed_reason() }}
            when timed_generation_tokens is null then 'the server does not count generated tokens'
        end as speed_reason,
        case
            when timed_tokens is null then 'the server does not count all its tokens'
        end as tokens_reason,
        -- A replica that served nothing has this reason for its energy, whatever its power.
        case
            when mean_watts is not null then null
            when devices is null then 'the target was in no tier file'
            when energy_reason like 'power is known of%' then energy_reason
            else 'the power of its devices is not known'
        end as power_reason
    from with_weights
),

summed as (
    select
        hour_at,
        service,
        model_name,
        any_value(hugging_face_id) as hugging_face_id,
        any_value(model_permaslug) as model_permaslug,
        count(*) as replicas,
        count(*) filter (where prompt_tokens > 0 or generation_tokens > 0) as replicas_served,
        sum(present_seconds) as replica_seconds,
        sum(covered_seconds) as covered_seconds,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        sum(requests_total)::bigint as requests_total,
        {{ reason_of_replicas('count_reason is not null', 'count_reason') }} as tokens_reason,
        sum(timed_seconds) filter (where is_used) as used_seconds,
        sum(timed_seconds * devices) filter (where is_used) as device_seconds,
        sum(timed_generation_tokens) filter (where is_used) as generated,
        sum(timed_tokens) filter (where is_used) as timed_tokens,
        {{ reason_of_replicas('speed_reason is not null', 'speed_reason') }} as speed_reason,
        bool_and(timed_tokens is not null) filter (where is_used) as counts_all,
        {{ reason_of_replicas(
            'is_used and devices is null', "'the target was in no tier file'"
        ) }} as devices_reason,
        sum(mean_watts * share * timed_seconds) filter (where is_used) as joules,
        bool_and(power_provenance = 'measured') filter (where is_used) as is_measured,
        {{ reason_of_replicas(
            'is_used and coalesce(tokens_reason, power_reason) is not null',
            'coalesce(tokens_reason, power_reason)'
        ) }} as power_reason,
        sum(usd_per_second * share * timed_seconds) filter (where is_used) as usd,
        sum(usd_per_second * share * busy_seconds) filter (where is_used) as busy_usd,
        {{ reason_of_replicas(
            'is_used and coalesce(tokens_reason, target_cost_reason) is not null',
            'coalesce(tokens_reason, target_cost_reason)'
        ) }} as price_reason,
        sum(goodput_share * goodput_requests)
        / nullif(sum(goodput_requests) filter (where goodput_share is not null), 0)
            as goodput_share,
        max(goodput_method) as goodput_method,
        {{ reason_of_replicas('lacks_goodput', 'goodput_reason') }} as lacking_goodput_reason,
        min(goodput_reason) as no_goodput_reason,
        sum(gap_minutes)::bigint as gap_minutes,
        sum(resets)::bigint as resets
    from replicas
    group by all
),

with_reasons as (
    select
        *,
        case
            when used_seconds is null then speed_reason
            when timed_tokens = 0 and counts_all then 'no tokens in the covered time of this hour'
        end as no_tokens_reason,
        coalesce(
            no_tokens_reason,
            power_reason,
            case when generated = 0 then 'no generated tokens in the covered time of this hour' end
        ) as energy_reason,
        coalesce(no_tokens_reason, price_reason) as cost_reason,
        coalesce(devices_reason, case when generated is null then speed_reason end)
            as device_speed_reason,
        coalesce(
            lacking_goodput_reason, case when goodput_share is null then no_goodput_reason end
        ) as goodput_reason
    from summed
)

select
    figures.hour_at,
    figures.service,
    figures.model_name,
    figures.hugging_face_id,
    figures.model_permaslug,
    figures.replicas,
    figures.replicas_served,
    figures.replica_seconds / 3600 as replica_hours,
    least(figures.covered_seconds, figures.replica_seconds) / nullif(figures.replica_seconds, 0)
        as covered_share,
    figures.prompt_tokens,
    figures.generation_tokens,
    figures.requests_total,
    figures.tokens_reason,
    figures.generated / service_time.timed_seconds as tokens_per_second,
    figures.generated / figures.used_seconds as tokens_per_second_per_replica,
    figures.speed_reason,
    case when figures.device_speed_reason is null then figures.generated / figures.device_seconds end
        as tokens_per_second_per_device,
    case when figures.devices_reason is null then figures.device_seconds / 3600 end as device_hours,
    figures.device_speed_reason as devices_reason,
    case when figures.energy_reason is null then figures.joules / figures.generated end
        as joules_per_token,
    case
        when figures.energy_reason is null then if(figures.is_measured, 'measured', 'rated')
    end as power_provenance,
    figures.energy_reason,
    (
        case when figures.cost_reason is null then figures.usd / figures.timed_tokens * 1e6 end
    )::decimal(24, 9) as usd_per_mtok,
    (
        case when figures.cost_reason is null then figures.busy_usd / figures.timed_tokens * 1e6 end
    )::decimal(24, 9) as usd_per_mtok_without_idle,
    figures.cost_reason,
    case when figures.goodput_reason is null then figures.goodput_share end as goodput_share,
    case when figures.goodput_reason is null then figures.goodput_method end as goodput_method,
    figures.goodput_reason,
    figures.used_seconds as timed_replica_seconds,
    service_time.timed_seconds,
    figures.gap_minutes,
    figures.resets
from with_reasons as figures
left join service_time
    using (hour_at, service, model_name)
order by figures.hour_at, figures.service, figures.model_name
