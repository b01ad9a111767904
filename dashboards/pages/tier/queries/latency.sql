-- One row per hour (or middle hour of a day), target and model: percentiles of one latency in seconds.
-- Beyond the last bucket a percentile is null and has a lower bound.
select
    time_bucket(to_hours($step), hour_at) as instant,
    target || ' · ' || model_name as series,
    $step as step_hours,
    median(p50_seconds) as p50_seconds, median(p90_seconds) as p90_seconds, median(p99_seconds) as p99_seconds,
    median(p50_lower_bound_seconds) as p50_lower_bound_seconds, median(p90_lower_bound_seconds) as p90_lower_bound_seconds,
    median(p99_lower_bound_seconds) as p99_lower_bound_seconds, median(mean_seconds) as mean_seconds, sum(count)::bigint as count,
    any_value(method) as method
from served_latency_hourly
where
    metric = $metric and method = $method
    and ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_latency_hourly) - to_hours($hours))
group by all
order by instant, series
