-- One row per UTC day, target, model and metric: our speed among the hosts of the model.
--
-- Hosts with the nearest weights are compared. The percentile is the share of hosts slower than us
-- in the median of the half hours in which both were sampled. Hosts never sampled together with us
-- count in neither percentile nor medians; the bounds put all of them ahead of us, or all of them
-- behind.
with local as (
    select
        hour_at::date as date,
        target,
        model_name,
        metric,
        median(p50) as p50,
        case when count(distinct method) = 1 then any_value(method) else 'both' end as method,
        count(*)::integer as hours,
        count_if(is_bound)::integer as bounded_hours
    from {{ ref('request_speeds_hourly') }}
    group by all
),

placed as (
    select
        date,
        target,
        model_name,
        metric,
        median(p50) as hosts_p50,
        median(times_as_fast) as times_as_fast,
        count(times_as_fast) as hosts,
        count(*) - count(times_as_fast) as hosts_unsampled,
        -- A host that is exactly as fast counts half on either side.
        sum((1 + sign(times_as_fast - 1)) / 2) as behind,
        sum((1 + sign(times_as_fast_low - 1)) / 2) as surely_behind,
        arg_min(provider_name, times_as_fast) as best_host,
        string_agg(distinct quantization, ', ' order by quantization) as quantization_hosts,
        count(bits_apart) = 0 as is_any_format,
        avg(coverage) as coverage
    from {{ ref('speed_parity_hosts_daily') }}
    where is_compared
    group by all
)

select
    local.date,
    local.target,
    local.model_name,
    local.metric,
    served.model_family,
    local.p50 as local_p50,
    local.method as local_method,
    local.hours as local_hours,
    local.bounded_hours as local_bounded_hours,
    placed.hosts_p50,
    placed.times_as_fast,
    placed.behind / nullif(placed.hosts, 0) as percentile_among_hosts,
    case
        when placed.hosts > 0 then placed.surely_behind / (placed.hosts + placed.hosts_unsampled)
    end as percentile_low,
    case
        when placed.hosts > 0
            then (placed.behind + placed.hosts_unsampled) / (placed.hosts + placed.hosts_unsampled)
    end as percentile_high,
    coalesce(placed.hosts, 0) as hosts,
    coalesce(placed.hosts_unsampled, 0) as hosts_unsampled,
    placed.best_host,
    coalesce(placed.coverage, 0) as coverage,
    served.weights_quantization as quantization_local,
    placed.quantization_hosts,
    case
        when served.model_family is null then coalesce(served.reason, 'not found in the market')
        when placed.date is null then 'no host of this model was seen in the week up to this day'
        when placed.hosts = 0 then 'no half hour of this day has a sample of both sides'
        when placed.is_any_format and served.weights_quantization is null
            then 'nothing says how our weights are quantised: all hosts are compared'
        when placed.is_any_format
            then 'no host says how its weights are quantised: all are compared'
    end as reason,
    coalesce(services.service, local.target) as service
from local
left join {{ ref('served_models') }} as served
    using (target, model_name)
left join placed
    using (date, target, model_name, metric)
left join {{ ref('target_services_daily') }} as services
    on
        local.target = services.target
        and local.date = services.day
order by local.date, local.target, local.model_name, local.metric
