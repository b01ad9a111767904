-- One row per cluster in its newest hour; the first reason of those that a figure of it lacks.
select
    cluster, hour_at, targets, targets_up, devices, devices_lost,
    round(tokens_per_second, 1) as tokens_per_second, round(tokens_per_second_per_device, 2) as tokens_per_second_per_device,
    scaling_efficiency, weakest_target, weakest_share, exposed_share, joules_per_token, tokens_per_second_per_kw,
    usd_per_mtok::double as usd_per_mtok, power_provenance,
    coalesce(speed_reason, scaling_reason, energy_reason, cost_reason, devices_reason, weakest_reason, exposed_reason) as reason
from cluster_efficiency_hourly
qualify row_number() over (partition by cluster order by hour_at desc) = 1
order by cluster
