-- One row per target with an hour near the newest one: its cost in its newest hour, and its devices.
--
-- An older hour is not what the target costs now, so a target that left has no row.
with newest as (
    select
        hour_at, target, service, devices, target_usd_per_second::double * 3600 as usd_per_hour
    from local_efficiency_hourly
    where hour_at >= (select max(hour_at) from local_efficiency_hourly) - interval 1 hour
    qualify row_number() over (partition by target order by hour_at desc, model_name) = 1
)

select
    newest.target, newest.service, newest.hour_at, newest.usd_per_hour, newest.devices,
    costs.device_kind
from newest
left join local_cost_daily as costs
    on newest.target = costs.target and newest.hour_at::date = costs.date
where newest.usd_per_hour is not null
order by newest.target
