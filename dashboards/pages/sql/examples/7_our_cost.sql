-- Our own tier by hour: speed, energy and cost, with the reason where a figure is not known
select
    hour_at, target, model_name, tokens_per_second, joules_per_token, usd_per_mtok, usd_per_mtok_without_idle, busy_share,
    energy_reason, cost_reason
from local_efficiency_hourly
order by hour_at, target
