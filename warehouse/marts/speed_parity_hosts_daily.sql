-- One row per UTC day, model family, host and metric: its median over the half hours that were sampled. A sample, not a series.
--
-- ttft in milliseconds, throughput in output tokens per second of one request. Plain listings only: a :free one has a queue of its own.
with windows as (
    select
        speeds.captured_at::date as date,
        models.model_family,
        speeds.provider_name,
        speeds.tag,
        speeds.quantization,
        -- Speeds are of the 30 minutes before; their middle says which half hour that mostly was.
        time_bucket(interval 30 minutes, speeds.captured_at - interval 15 minutes) as window_at,
        metrics.metric,
        metrics.p50
    from {{ ref('endpoint_speed') }} as speeds
    inner join {{ ref('known_models') }} as models
        on
            coalesce(models.model_permaslug, models.canonical_slug) = speeds.model_permaslug
            and models.variant = 'standard',
        lateral (
            values
            ('ttft', case when not speeds.is_unit_suspect then speeds.ttft_ms_p50 end),
            ('throughput', speeds.throughput_tps_p50)
        ) as metrics (metric, p50)
    where metrics.p50 is not null
)

select
    window_at::date as date,
    model_family,
    provider_name,
    tag,
    metric,
    median(p50) as p50,
    count(distinct window_at) as windows,
    count(distinct window_at) / 48 as coverage,
    mode(quantization) as quantization,
    list(distinct window_at order by window_at) as window_ats
from windows
group by window_at::date, model_family, provider_name, tag, metric
order by all
