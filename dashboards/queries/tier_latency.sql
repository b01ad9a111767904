-- Percentiles of one latency by hour, in seconds; a percentile beyond the last bucket is null, and its lower bound known.
select
    hour_at as instant,
    target || ' · ' || model_name as series,
    p50_seconds, p90_seconds, p99_seconds, p50_lower_bound_seconds, p90_lower_bound_seconds, p99_lower_bound_seconds, mean_seconds, count,
    method
from served_latency_hourly
where
    metric = $metric and method = $method
    and ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_latency_hourly) - to_hours($hours))
order by instant, series
