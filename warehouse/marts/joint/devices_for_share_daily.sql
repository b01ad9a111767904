-- One row per UTC day, model family, target and wanted market share: the devices it would take.
--
-- A what-if calculation, not a plan. Where the target is in a cluster, the devices are also reckoned
-- from what the whole cluster gave in its best hour of the day: many devices give less each than one
-- target does by itself, and lost ones are paid too.
with cluster_days as (
    select
        cluster,
        {{ utc_date('hour_at') }} as date,
        max(total_tokens_per_second_per_device) * 86400 as cluster_device_day_tokens
    from {{ ref('cluster_efficiency_hourly') }}
    group by all
),

-- A target that changes its cluster within the day has the first by name.
clustered as (
    select
        members.target,
        days.date,
        min(members.cluster) as cluster,
        arg_min(days.cluster_device_day_tokens, members.cluster) as cluster_device_day_tokens
    from {{ ref('cluster_members') }} as members
    inner join cluster_days as days
        on
            members.cluster = days.cluster
            and members.from_at < (days.date + 1)::timestamptz
            and members.until_at > days.date::timestamptz
    group by all
),

shares as (
    select unnest([0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1]::double[]) as wanted_share
),

inputs as (
    select
        compared.date,
        compared.model_family,
        compared.target,
        compared.service,
        compared.market_tokens,
        compared.reason,
        costs.devices,
        clustered.cluster,
        clustered.cluster_device_day_tokens,
        costs.capacity_tokens_per_second / nullif(costs.devices, 0) * 86400 as device_day_tokens,
        coalesce(
            costs.speed_reason,
            case when costs.devices is null then costs.devices_reason end
        ) as speed_reason
    from {{ ref('local_vs_market_daily') }} as compared
    left join {{ ref('local_cost_daily') }} as costs
        using (date, target)
    left join clustered
        using (date, target)
)

select
    inputs.date,
    inputs.model_family,
    inputs.target,
    shares.wanted_share,
    round(shares.wanted_share * inputs.market_tokens)::bigint as wanted_tokens,
    ceil(round(shares.wanted_share * inputs.market_tokens) / inputs.device_day_tokens)::bigint
        as devices_needed,
    inputs.device_day_tokens,
    inputs.devices as devices_measured,
    true as is_what_if,
    format(
        'what if: busy throughput of {:d} devices of {} on this day, all day long, with its '
        || 'mix of tokens; no peaks, no spares',
        inputs.devices, inputs.target
    ) as basis,
    coalesce(case when inputs.market_tokens is null then inputs.reason end, inputs.speed_reason)
        as reason,
    inputs.service,
    inputs.cluster,
    case
        when inputs.cluster_device_day_tokens > 0
            then
                ceil(
                    round(shares.wanted_share * inputs.market_tokens)
                    / inputs.cluster_device_day_tokens
                )::bigint
    end as devices_needed_in_cluster,
    case
        when inputs.cluster is null then 'the target is in no cluster of the tier file on this day'
        when inputs.market_tokens is null then inputs.reason
        when coalesce(inputs.cluster_device_day_tokens, 0) <= 0
            then 'the cluster gave no tokens that are known on this day'
    end as cluster_reason
from inputs
cross join shares
order by inputs.date, inputs.model_family, inputs.target, shares.wanted_share
