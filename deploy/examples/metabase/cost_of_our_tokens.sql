-- A table: what a million tokens costs here by hour, and why a figure is missing.
select hour_at, target, model_name, usd_per_mtok, tokens_per_second, cost_reason
from marts.local_efficiency_hourly
order by hour_at desc, target, model_name
limit 500
