-- One row per cluster and hour of the window: speed of a device, and the part of it that devices give beside one alone.
select
    hour_at as instant, cluster as series, tokens_per_second_per_device, scaling_efficiency, speed_reason as reason, 1 as step_hours
from cluster_efficiency_hourly
where $hours = 0 or hour_at > (select max(hour_at) from cluster_efficiency_hourly) - to_hours($hours)
order by instant, series
