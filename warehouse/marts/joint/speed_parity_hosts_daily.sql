-- One row per UTC day, target, model, metric and host: our speed for one request beside the host's.
--
-- ttft is in milliseconds. throughput is in output tokens per second of one request (one over the
-- time per token), never of a whole server. Half hours in which both sides were sampled are
-- compared in pairs: an hour that is slow for both cancels out, and a half hour that one side lacks
-- reduces only the coverage. Plain listings only: a :free one queues separately.
with windows as (
    select
        halves.window_at,
        halves.hour_at,
        halves.model_permaslug,
        halves.provider_name,
        halves.tag,
        metrics.metric,
        metrics.p50
    from {{ ref('host_speeds_half_hourly') }} as halves,
        lateral (values ('ttft', halves.ttft), ('throughput', halves.throughput))
            as metrics (metric, p50)
    where metrics.p50 is not null
),

served as (
    select
        target,
        model_name,
        coalesce(model_permaslug, canonical_slug) as model_permaslug,
        weights_quantization
    from {{ ref('served_models') }}
),

our_days as (
    select distinct
        hour_at::date as date,
        target,
        model_name,
        metric
    from {{ ref('request_speeds_hourly') }}
),

pairs as (
    select
        ours.hour_at::date as date,
        ours.target,
        ours.model_name,
        ours.metric,
        windows.provider_name,
        windows.tag,
        windows.p50,
        ours.p50 as local_p50,
        case ours.metric when 'ttft' then windows.p50 / ours.p50 else ours.p50 / windows.p50 end
            as times_as_fast,
        ours.is_bound
    from {{ ref('request_speeds_hourly') }} as ours
    inner join served
        using (target, model_name)
    inner join windows
        using (model_permaslug, metric, hour_at)
),

compared as (
    select
        date,
        target,
        model_name,
        metric,
        provider_name,
        tag,
        median(p50) as p50,
        median(local_p50) as local_p50,
        median(times_as_fast) as times_as_fast,
        median(case when is_bound then 0 else times_as_fast end) as times_as_fast_low,
        count(*) as windows
    from pairs
    group by all
),

comparable as (
    select
        our_days.date,
        our_days.target,
        our_days.model_name,
        our_days.metric,
        hosts.provider_name,
        hosts.tag,
        hosts.quantization,
        abs(
            {{ quantization_bits('hosts.quantization') }}
            - {{ quantization_bits('served.weights_quantization') }}
        ) as bits_apart
    from our_days
    inner join served
        using (target, model_name)
    inner join {{ ref('hosts_of_week_daily') }} as hosts
        using (model_permaslug, date)
)

select
    comparable.date,
    comparable.target,
    comparable.model_name,
    comparable.metric,
    comparable.provider_name,
    comparable.tag,
    coalesce(comparable.quantization, 'unknown') as quantization,
    -- A host that does not state its weights comes last; where none does, all are alike.
    coalesce(comparable.bits_apart, 99)
    = min(coalesce(comparable.bits_apart, 99)) over (
        partition by
            comparable.date, comparable.target, comparable.model_name, comparable.metric
    ) as is_compared,
    comparable.bits_apart,
    compared.p50,
    compared.local_p50,
    compared.times_as_fast,
    compared.times_as_fast_low,
    coalesce(compared.windows, 0) as windows,
    coalesce(compared.windows, 0) / 48 as coverage,
    coalesce(services.service, comparable.target) as service
from comparable
left join compared
    on
        comparable.date = compared.date
        and comparable.target = compared.target
        and comparable.model_name = compared.model_name
        and comparable.metric = compared.metric
        and comparable.provider_name = compared.provider_name
        and comparable.tag is not distinct from compared.tag
left join {{ ref('target_services_daily') }} as services
    on
        comparable.target = services.target
        and comparable.date = services.day
order by
    comparable.date,
    comparable.target,
    comparable.model_name,
    comparable.metric,
    comparable.provider_name,
    comparable.tag
