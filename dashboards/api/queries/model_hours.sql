-- One row per target and model in the target's newest hour, if that is near the newest of all: the
-- model's part of the target's cost. A model that served nothing in it has none.
select
    target, service, model_name, usd_per_second::double * 3600 as usd_per_hour,
    usd_per_mtok::double as usd_per_mtok
from local_efficiency_hourly
where hour_at >= (select max(hour_at) from local_efficiency_hourly) - interval 1 hour
qualify
    hour_at = max(hour_at) over (partition by target)
    and model_name is not null and usd_per_second is not null
order by target, model_name
