-- One row per hour (or middle hour of a day), target and model: the share of finished requests that
-- met every objective; with the method upper_bound, at most this.
select
    time_bucket(to_hours($step), hour_at) as instant,
    target || ' · ' || model_name || if(method = 'upper_bound', ' (at most)', '') as series,
    $step as step_hours, median(goodput_share) as goodput_share, median(ttft_share) as ttft_share, median(tpot_share) as tpot_share,
    sum(requests)::bigint as requests, any_value(method) as method
from served_goodput_hourly
where
    ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_goodput_hourly) - to_hours($hours))
group by all
order by instant, series
