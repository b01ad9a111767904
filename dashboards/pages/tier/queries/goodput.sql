-- One row per hour (or middle hour of a day), service or target, and model: the share of finished requests
-- that met every objective; with the method upper_bound, at most this.
with hours as (
    select hour_at, target as line, model_name, method, goodput_share, requests
    from served_goodput_hourly
    where
        $by = 'target' and ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, target))
    union all
    select hour_at, service, model_name, goodput_method, goodput_share, requests_total
    from service_efficiency_hourly
    where $by = 'service' and (len($drawn) = 0 or list_contains($drawn, service)) and goodput_share is not null
)

select
    time_bucket(to_hours($step), hour_at) as instant,
    line || ' · ' || model_name || if(method = 'upper_bound', ' (at most)', '') as series,
    $step as step_hours, median(goodput_share) as goodput_share, sum(requests)::bigint as requests, any_value(method) as method
from hours
where
    ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_goodput_hourly) - to_hours($hours))
group by all
order by instant, series
