-- Where the time of layers of experts went, and what overlapping link and work gained, by hour and schedule.
select
    hour_at as instant,
    target || ' · ' || model_name || ' · ' || schedule as series,
    compute_seconds, dispatch_seconds, combine_seconds, exposed_wait_seconds, layer_seconds,
    exposed_share, speedup, overlap_efficiency, attainment, balance, overlap_reason
from expert_overlap_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from expert_overlap_hourly) - to_hours($hours))
order by instant, series
