-- One row: why the energy of the choice's newest hours is not known.
select mode(energy_reason) as reason
from local_efficiency_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target) and energy_reason is not null
    and ($hours = 0 or hour_at > (select max(hour_at) from local_efficiency_hourly) - to_hours($hours))
