-- One row per host of the family in its newest sample, and per target of ours in its newest hour:
-- speed and price.
with hosts as (
    select
        provider_name || if(count(distinct tag) over (partition by provider_name) > 1, ' ' || split_part(tag, '/', -1), '') as host, false as is_ours,
        coalesce(quantization, 'not stated') as quantization, ttft_ms_p50, throughput_tps_p50, uptime_1d,
        prompt_usd_per_mtok::double as prompt_usd_per_mtok, completion_usd_per_mtok::double as completion_usd_per_mtok,
        captured_at as at, 'median of 30 minutes, by the host' as method
    from endpoint_speed
    where model_permaslug in (select model_permaslug from models where model_family = $family and not is_free)
    qualify row_number() over (partition by provider_name, tag order by captured_at desc) = 1
),

speeds as (
    select
        target, model_name, hour_at,
        coalesce(max(p50_seconds) filter (where metric = 'ttft' and method = 'events'), max(p50_seconds) filter (where metric = 'ttft')) as ttft,
        coalesce(max(p50_seconds) filter (where metric = 'tpot' and method = 'events'), max(p50_seconds) filter (where metric in ('tpot', 'itl')))
            as tpot,
        bool_or(method = 'events') as is_exact
    from served_latency_hourly
    where
        metric in ('ttft', 'tpot', 'itl')
        and (target, model_name) in (select (target, model_name) from served_models where model_family = $family)
    group by target, model_name, hour_at
    qualify row_number() over (partition by target, model_name order by hour_at desc) = 1
)

from hosts
union all
select
    'ours: ' || target, true, 'not stated', ttft * 1000, 1 / nullif(tpot, 0), null, null, null, hour_at,
    if(is_exact, 'median of the hour, from the log', 'median of the hour, from histograms')
from speeds
inner join served_models using (target, model_name)
where served_models.model_family = $family
order by throughput_tps_p50 desc nulls last, host
