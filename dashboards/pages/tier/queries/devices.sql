-- One row per hour (or middle hour of a day) and device, or service: power, utilisation and memory. A value
-- that the device does not report is null. A service has the means of its devices, each by its covered time.
with hours as (
    select
        hour_at, target || ' · ' || device as series, mean_watts, provenance, is_valid, reason, utilisation, memory_used_bytes, memory_total_bytes
    from device_energy_hourly
    where
        $by = 'target' and ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, target))
    union all
    select
        hour_at, service || ', mean of a device',
        sum(mean_watts * coverage) / nullif(sum(coverage) filter (where mean_watts is not null), 0),
        mode(provenance), bool_and(is_valid) filter (where mean_watts is not null), mode(reason),
        avg(utilisation), avg(memory_used_bytes), avg(memory_total_bytes)
    from device_energy_hourly
    where $by = 'service' and (len($drawn) = 0 or list_contains($drawn, service))
    group by hour_at, service
)

select
    time_bucket(to_hours($step), hour_at) as instant, series, $step as step_hours,
    median(mean_watts) as mean_watts, mode(provenance) as provenance, bool_and(is_valid) as is_valid, mode(reason) as reason,
    median(utilisation) as utilisation, median(memory_used_bytes) / 1073741824 as memory_used_gib,
    max(memory_total_bytes) / 1073741824 as memory_total_gib
from hours
where $hours = 0 or hour_at > (select max(hour_at) from device_energy_hourly) - to_hours($hours)
group by all
order by instant, series
