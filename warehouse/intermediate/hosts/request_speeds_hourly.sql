-- One row per UTC hour, target, model and metric: median request speed in the market's terms.
--
-- Our own request log is exact, so histograms are used only for hours without it.
with latencies as (
    select
        hour_at,
        target,
        model_name,
        method,
        case metric when 'ttft' then 'ttft' else 'throughput' end as metric,
        coalesce(p50_seconds, p50_lower_bound_seconds) as seconds,
        -- The time beyond the last bucket is not known; its lower edge gives the fastest we can
        -- have been.
        p50_seconds is null as is_bound
    from {{ ref('served_latency_hourly') }}
    where
        metric in ('ttft', 'tpot')
        and coalesce(p50_seconds, p50_lower_bound_seconds) > 0
    qualify row_number() over (partition by hour_at, target, model_name, metric order by method) = 1
)

select
    hour_at,
    target,
    model_name,
    metric,
    method,
    case metric when 'ttft' then seconds * 1000 else 1 / seconds end as p50,
    is_bound
from latencies
order by hour_at, target, model_name, metric
