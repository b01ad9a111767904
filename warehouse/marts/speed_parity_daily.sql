-- One row per UTC day, target, model and metric: our speed for one request, placed among the hosts of the same model and nearest weights.
--
-- ttft in milliseconds, throughput in output tokens per second of one request, which is one over the time per token; never what a server
-- does in all. Both sides are the median of short windows: our hours, their half hours. Windows that nobody sampled lower the coverage
-- and are in no median.
with ours as (
    select
        hour_at,
        hour_at::date as date,
        target,
        model_name,
        method,
        case metric when 'ttft' then 'ttft' else 'throughput' end as metric,
        case metric when 'ttft' then p50_seconds * 1000 else 1 / nullif(p50_seconds, 0) end as p50
    from {{ ref('served_latency_hourly') }}
    where
        metric in ('ttft', 'tpot')
        and p50_seconds is not null
),

-- Our own log is exact, so histograms speak only where a day has none.
methods as (
    select
        date,
        target,
        model_name,
        metric,
        min(method) as method
    from ours
    group by all
),

local as (
    select
        ours.date,
        ours.target,
        ours.model_name,
        ours.metric,
        ours.method,
        median(ours.p50) as p50,
        list(distinct ours.hour_at) as hour_ats
    from ours
    inner join methods
        on
            ours.date = methods.date
            and ours.target = methods.target
            and ours.model_name = methods.model_name
            and ours.metric = methods.metric
            and ours.method = methods.method
    group by all
),

known as (
    select
        local.*,
        served.model_family,
        served.weights_quantization,
        served.reason as served_reason
    from local
    left join {{ ref('served_models') }} as served
        on
            local.target = served.target
            and local.model_name = served.model_name
),

-- Hosts whose weights are of as many bits as ours, or as near as any come; one that does not say is last.
compared as (
    select
        known.date,
        known.target,
        known.model_name,
        known.metric,
        known.p50 as local_p50,
        hosts.provider_name,
        hosts.p50,
        hosts.quantization,
        hosts.window_ats,
        coalesce(abs({{ quantization_bits('hosts.quantization') }} - {{ quantization_bits('known.weights_quantization') }}), 99) as bits_apart
    from known
    inner join {{ ref('speed_parity_hosts_daily') }} as hosts
        on
            known.date = hosts.date
            and known.model_family = hosts.model_family
            and known.metric = hosts.metric
),

nearest as (
    select *
    from compared
    qualify bits_apart = min(bits_apart) over (partition by date, target, model_name, metric)
),

placed as (
    select
        date,
        target,
        model_name,
        metric,
        median(p50) as hosts_p50,
        count(*) as hosts,
        -- A host that is exactly as fast counts half on either side.
        avg(case
            when p50 = local_p50 then 0.5
            when (metric = 'ttft') = (p50 > local_p50) then 1
            else 0
        end) as percentile_among_hosts,
        case when any_value(metric) = 'ttft' then arg_min(provider_name, p50) else arg_max(provider_name, p50) end as best_host,
        string_agg(distinct quantization, ', ' order by quantization) as quantization_hosts,
        list_distinct(flatten(list(window_ats))) as window_ats
    from nearest
    group by all
),

host_windows as (
    select distinct
        date,
        target,
        model_name,
        metric,
        unnest(window_ats) as window_at
    from placed
),

our_hours as (
    select distinct
        date,
        target,
        model_name,
        metric,
        hour_at
    from ours
),

-- Half hours in which a host was sampled, in hours in which we were.
covered as (
    select
        host_windows.date,
        host_windows.target,
        host_windows.model_name,
        host_windows.metric,
        count(*) as windows_of_both
    from host_windows
    inner join our_hours as hours
        on
            host_windows.date = hours.date
            and host_windows.target = hours.target
            and host_windows.model_name = hours.model_name
            and host_windows.metric = hours.metric
            and time_bucket(interval 1 hour, host_windows.window_at) = hours.hour_at
    group by all
)

select
    known.date,
    known.target,
    known.model_name,
    known.metric,
    known.model_family,
    known.p50 as local_p50,
    known.method as local_method,
    len(known.hour_ats)::integer as local_hours,
    placed.hosts_p50,
    placed.percentile_among_hosts,
    coalesce(placed.hosts, 0) as hosts,
    placed.best_host,
    coalesce(covered.windows_of_both, 0) / 48 as coverage,
    known.weights_quantization as quantization_local,
    placed.quantization_hosts,
    case
        when known.model_family is null then coalesce(known.served_reason, 'not found in the market')
        when placed.hosts is null then 'no host of this model was sampled on this day'
    end as reason
from known
left join placed
    on
        known.date = placed.date
        and known.target = placed.target
        and known.model_name = placed.model_name
        and known.metric = placed.metric
left join covered
    on
        known.date = covered.date
        and known.target = covered.target
        and known.model_name = covered.model_name
        and known.metric = covered.metric
order by known.date, known.target, known.model_name, known.metric
