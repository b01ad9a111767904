-- One row per UTC hour and cluster: what its targets gave together, per device and for what.
--
-- Time is that of the cluster: in each hour that of the target which was timed for most of it. All
-- devices of the tier file count for all of that time, also those of a target that was down, since
-- they are there for nobody else. A figure that is not known of every target is null.
with hours as (
    select
        hour_at,
        target,
        sum(timed_generation_tokens) as generated,
        sum(timed_prompt_tokens + timed_generation_tokens) as tokens,
        bool_and(timed_generation_tokens is not null) as counts_generated,
        bool_and(timed_prompt_tokens + timed_generation_tokens is not null) as counts_all,
        max(timed_seconds) as timed_seconds
    from {{ ref('served_tokens_hourly') }}
    group by all
),

cluster_hours as (
    select distinct
        members.cluster,
        hours.hour_at
    from hours
    inner join {{ ref('cluster_members') }} as members
        on
            hours.target = members.target
            and hours.hour_at >= members.from_at
            and hours.hour_at < members.until_at
),

members as (
    select
        cluster_hours.hour_at,
        members.*
    from cluster_hours
    inner join {{ ref('cluster_members') }} as members
        on
            cluster_hours.cluster = members.cluster
            and cluster_hours.hour_at >= members.from_at
            and cluster_hours.hour_at < members.until_at
    qualify
        row_number() over (
            partition by cluster_hours.hour_at, members.target order by members.cluster
        ) = 1
),

-- Power and cost are those of a whole target in each row of its models.
power as (
    select
        hour_at,
        target,
        any_value(mean_watts) as watts,
        any_value(power_provenance) as provenance,
        any_value(target_usd_per_second)::double as usd_per_second,
        any_value(target_cost_reason) as cost_reason
    from {{ ref('local_efficiency_hourly') }}
    group by all
),

devices as (
    select
        hour_at,
        target,
        count(*) filter (where not contains(device, 'all devices') and device <> 'unknown')
            as devices_seen
    from {{ ref('device_energy_hourly') }}
    group by all
),

exposed as (
    select
        hour_at,
        target,
        sum(exposed_wait_seconds) as exposed_seconds,
        sum(layer_seconds) as layer_seconds
    from {{ ref('expert_overlap_hourly') }}
    group by all
),

joined as (
    select
        members.*,
        hours.generated,
        hours.tokens,
        coalesce(hours.timed_seconds, 0) as timed_seconds,
        max(coalesce(hours.timed_seconds, 0)) over (
            partition by members.hour_at, members.cluster
        ) as cluster_seconds,
        hours.generated / nullif(hours.timed_seconds, 0) / members.devices as speed_per_device,
        power.watts,
        power.provenance,
        power.usd_per_second,
        nullif(devices.devices_seen, 0) as devices_seen,
        exposed.exposed_seconds,
        exposed.layer_seconds,
        -- Of a target that was down for an hour nothing is missing: it gave nothing.
        case
            when hours.timed_seconds > 0 and not hours.counts_generated
                then 'the server does not count generated tokens'
        end as generated_reason,
        case
            when hours.timed_seconds > 0 and not hours.counts_all
                then 'the server does not count all its tokens'
        end as tokens_reason,
        case when power.watts is null then 'the power of its devices is not known' end
            as power_reason,
        case
            when power.target is null then 'it was not scraped in this hour'
            else power.cost_reason
        end as cost_reason
    from members
    left join hours
        using (hour_at, target)
    left join power
        using (hour_at, target)
    left join devices
        using (hour_at, target)
    left join exposed
        using (hour_at, target)
),

summed as (
    select
        hour_at,
        cluster,
        count(*) as targets,
        count(*) filter (where timed_seconds > 0) as targets_up,
        sum(devices)::bigint as devices,
        any_value(alone_tokens_per_second) as alone_tokens_per_second,
        max(cluster_seconds) as timed_seconds,
        coalesce(sum(generated), 0) as generated,
        coalesce(sum(tokens), 0) as tokens,
        {{ reason_of_members('generated_reason') }} as generated_reason,
        {{ reason_of_members('tokens_reason') }} as tokens_reason,
        count(speed_per_device) as speeds,
        arg_min(target, speed_per_device) as weakest_target,
        min(speed_per_device) as weakest_speed,
        max(speed_per_device) as fastest_speed,
        sum(devices_seen)::bigint as devices_seen,
        sum(greatest(devices - devices_seen, 0))::bigint as devices_lost,
        {{ reason_of_members("case when devices_seen is null then 'no device of it was read' end") }}
            as devices_reason,
        sum(exposed_seconds) as exposed_seconds,
        sum(layer_seconds) as layer_seconds,
        sum(watts) as watts,
        bool_and(provenance = 'measured') as is_measured,
        {{ reason_of_members('power_reason') }} as power_reason,
        sum(usd_per_second) as usd_per_second,
        {{ reason_of_members('cost_reason') }} as cost_reason
    from joined
    group by all
),

with_reasons as (
    select
        *,
        coalesce(
            case when timed_seconds <= 0 then 'no time of this hour is timed' end, generated_reason
        ) as speed_reason,
        coalesce(
            speed_reason,
            case
                when alone_tokens_per_second is null
                    then 'the cluster states no alone_tokens_per_second in the tier file'
            end
        ) as scaling_reason,
        coalesce(
            speed_reason,
            case
                when speeds < 2 then 'fewer than two of its targets were timed'
                when fastest_speed <= 0 then 'no generated tokens in the timed time of this hour'
            end
        ) as weakest_reason,
        case
            when coalesce(layer_seconds, 0) <= 0 then 'no server counts the time of its experts'
        end as exposed_reason,
        coalesce(
            speed_reason,
            power_reason,
            case when generated <= 0 then 'no generated tokens in the timed time of this hour' end
        ) as energy_reason,
        coalesce(
            case when timed_seconds <= 0 then 'no time of this hour is timed' end,
            tokens_reason,
            cost_reason,
            case when tokens <= 0 then 'no tokens in the timed time of this hour' end
        ) as usd_reason
    from summed
),

with_speed as (
    select
        *,
        case when speed_reason is null then generated / timed_seconds end as tokens_per_second,
        case
            when timed_seconds > 0 and tokens_reason is null then tokens / timed_seconds
        end as total_tokens_per_second
    from with_reasons
)

select
    hour_at,
    cluster,
    targets,
    targets_up,
    devices,
    case when devices_reason is null then devices_lost end as devices_lost,
    devices_reason,
    timed_seconds,
    tokens_per_second,
    tokens_per_second / devices as tokens_per_second_per_device,
    speed_reason,
    total_tokens_per_second / devices as total_tokens_per_second_per_device,
    case
        when total_tokens_per_second is null
            then coalesce(tokens_reason, 'no time of this hour is timed')
    end as total_reason,
    tokens_per_second / devices / alone_tokens_per_second as scaling_efficiency,
    scaling_reason,
    case when weakest_reason is null then weakest_target end as weakest_target,
    case when weakest_reason is null then weakest_speed / fastest_speed end as weakest_share,
    weakest_reason,
    case when exposed_reason is null then exposed_seconds / layer_seconds end as exposed_share,
    exposed_reason,
    case when energy_reason is null then watts / tokens_per_second end as joules_per_token,
    case when energy_reason is null then tokens_per_second / watts * 1e3 end
        as tokens_per_second_per_kw,
    case when energy_reason is null then if(is_measured, 'measured', 'rated') end
        as power_provenance,
    energy_reason,
    (
        case when usd_reason is null then usd_per_second * timed_seconds / tokens * 1e6 end
    )::decimal(24, 9) as usd_per_mtok,
    usd_reason as cost_reason
from with_speed
order by hour_at, cluster
