-- Share of finished requests that met every objective, by hour and method; upper_bound says at most this.
select
    hour_at as instant,
    target || ' · ' || model_name || if(method = 'upper_bound', ' (at most)', '') as series,
    goodput_share, ttft_share, tpot_share, requests, method
from served_goodput_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_goodput_hourly) - to_hours($hours))
order by instant, series
