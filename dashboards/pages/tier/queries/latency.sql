-- One row per hour (or middle hour of a day), service or target, and model: percentiles of one latency in
-- seconds. Beyond the last bucket a percentile is null and has a lower bound. Those of a service are of all
-- requests of its replicas.
with hours as (
    select service as line, service_latency_hourly.*
    from service_latency_hourly
    where $by = 'service' and (len($drawn) = 0 or list_contains($drawn, service))
    union all by name
    select target as line, served_latency_hourly.*
    from served_latency_hourly
    where
        $by = 'target' and ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, target))
)

select
    time_bucket(to_hours($step), hour_at) as instant, line || ' · ' || model_name as series, $step as step_hours,
    median(p50_seconds) as p50_seconds, median(p90_seconds) as p90_seconds, median(p99_seconds) as p99_seconds,
    median(p50_lower_bound_seconds) as p50_lower_bound_seconds, median(p90_lower_bound_seconds) as p90_lower_bound_seconds,
    median(p99_lower_bound_seconds) as p99_lower_bound_seconds, median(mean_seconds) as mean_seconds, sum(count)::bigint as count,
    any_value(method) as method
from hours
where
    metric = $metric and method = $method and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_latency_hourly) - to_hours($hours))
group by all
order by instant, series
