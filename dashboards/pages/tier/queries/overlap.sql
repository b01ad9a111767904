-- One row per hour or day, target, model and schedule: the time of expert layers by use, and what
-- overlap of transfer and work saved. By day, times are sums and ratios those of the middle hour.
select
    time_bucket(to_hours($step), hour_at) as instant,
    if($by = 'target', target, service) || ' · ' || model_name || ' · ' || schedule as series,
    $step as step_hours,
    sum(compute_seconds) as compute_seconds, sum(dispatch_seconds) as dispatch_seconds, sum(combine_seconds) as combine_seconds,
    sum(exposed_wait_seconds) as exposed_wait_seconds, sum(layer_seconds) as layer_seconds,
    median(exposed_share) as exposed_share, median(speedup) as speedup, median(overlap_efficiency) as overlap_efficiency,
    median(attainment) as attainment, median(balance) as balance, mode(overlap_reason) as overlap_reason
from expert_overlap_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target)
    and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from expert_overlap_hourly) - to_hours($hours))
group by all
order by instant, series
