-- One row per target and model in its newest hour: speed, latency, goodput, cache hits, accepted
-- drafts, and gaps. Where hits beyond the device are not known, cache hits are those of the device.
with newest as (
    select target, model_name, max(hour_at) as hour_at
    from served_tokens_hourly
    where ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
    group by all
),

-- The tier's own log is exact; histograms only where there is none.
latency as (
    select hour_at, target, model_name, metric, p50_seconds, p99_seconds
    from served_latency_hourly
    where metric in ('ttft', 'tpot') and hour_at in (select hour_at from newest)
    qualify row_number() over (partition by hour_at, target, model_name, metric order by method) = 1
),

-- Of all hours only the newest are joined, or a small page would hold the whole history in memory.
efficiency as (
    select hour_at, target, model_name, goodput_share, goodput_method, goodput_reason
    from local_efficiency_hourly
    where hour_at in (select hour_at from newest)
),

cache as (
    select hour_at, target, model_name, coalesce(total_hit_share, hit_share) as prefix_hit_share, beyond_device_hit_share
    from prefix_cache_hourly
    where hour_at in (select hour_at from newest)
),

speculation as (
    select hour_at, target, model_name, acceptance
    from speculation_hourly
    where hour_at in (select hour_at from newest)
)

select
    target, model_name, hour_at,
    round(timed_generation_tokens / nullif(timed_seconds, 0), 2) as generated_tokens_per_second,
    generation_tokens, requests_total,
    ttft.p50_seconds as ttft_p50_seconds, ttft.p99_seconds as ttft_p99_seconds, tpot.p50_seconds as tpot_p50_seconds,
    efficiency.goodput_share, efficiency.goodput_method, efficiency.goodput_reason,
    cache.prefix_hit_share, cache.beyond_device_hit_share as beyond_hit_share, speculation.acceptance,
    covered_seconds, gap_minutes, resets,
    if(state = 'gone', strftime(gone_at at time zone 'UTC', 'gone since %Y-%m-%d %H:%M'), state) as state
from served_tokens_hourly
inner join newest using (hour_at, target, model_name)
left join latency as ttft on ttft.metric = 'ttft' and (ttft.hour_at, ttft.target, ttft.model_name) = (hour_at, target, model_name)
left join latency as tpot on tpot.metric = 'tpot' and (tpot.hour_at, tpot.target, tpot.model_name) = (hour_at, target, model_name)
left join efficiency using (hour_at, target, model_name)
left join cache using (hour_at, target, model_name)
left join speculation using (hour_at, target, model_name)
left join (select target, state, gone_at from service_replicas) as replicas using (target)
order by state = 'gone', generation_tokens desc nulls last
