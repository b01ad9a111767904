-- One row per service and model in its newest hour: replicas, speed, latency, goodput, cache hits, accepted
-- drafts, and gaps. Where hits beyond the device are not known, cache hits are those of the device.
with newest as (
    select service, model_name, max(hour_at) as hour_at
    from service_efficiency_hourly
    where $model = '' or model_name = $model
    group by all
),

-- The tier's own log is exact; histograms only where there is none.
latency as (
    select hour_at, service, model_name, metric, p50_seconds, p99_seconds
    from service_latency_hourly
    where metric in ('ttft', 'tpot') and hour_at in (select hour_at from newest)
    qualify row_number() over (partition by hour_at, service, model_name, metric order by method) = 1
),

cache as (
    select
        hour_at, service, model_name,
        sum(coalesce(hits_in_all, hits)) / nullif(sum(queries) filter (where hits is not null), 0) as prefix_hit_share,
        sum(hits_beyond_device) / nullif(sum(queries) filter (where hits_beyond_device is not null), 0) as beyond_hit_share
    from prefix_cache_hourly
    where hour_at in (select hour_at from newest)
    group by all
),

drafts as (
    select hour_at, service, model_name, sum(accepted_tokens) / nullif(sum(draft_tokens) filter (where accepted_tokens is not null), 0) as acceptance
    from speculation_hourly
    where hour_at in (select hour_at from newest)
    group by all
)

select
    service, model_name, replicas, replicas_now, replicas_gone, hour_at,
    round(tokens_per_second, 2) as generated_tokens_per_second, generation_tokens, requests_total,
    ttft.p50_seconds as ttft_p50_seconds, ttft.p99_seconds as ttft_p99_seconds, tpot.p50_seconds as tpot_p50_seconds,
    goodput_share, goodput_method, goodput_reason, prefix_hit_share, beyond_hit_share, acceptance,
    covered_share, covered_share * replica_hours * 3600 as covered_seconds, gap_minutes, resets,
    if(gone_at is null, 'present', strftime(gone_at at time zone 'UTC', 'gone since %Y-%m-%d %H:%M')) as state
from service_efficiency_hourly
inner join newest using (hour_at, service, model_name)
left join latency as ttft on ttft.metric = 'ttft' and (ttft.hour_at, ttft.service, ttft.model_name) = (hour_at, service, model_name)
left join latency as tpot on tpot.metric = 'tpot' and (tpot.hour_at, tpot.service, tpot.model_name) = (hour_at, service, model_name)
left join cache using (hour_at, service, model_name)
left join drafts using (hour_at, service, model_name)
left join (select service, replicas_now, replicas_gone, gone_at from services) as counted using (service)
order by gone_at is not null, generation_tokens desc nulls last, service, model_name
