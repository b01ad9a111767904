-- Power, utilisation and memory of each device by hour; what a device does not report is null.
select
    hour_at as instant, target || ' · ' || device as series, mean_watts, provenance, is_valid, reason,
    utilisation, memory_used_bytes / 1073741824 as memory_used_gib, memory_total_bytes / 1073741824 as memory_total_gib
from device_energy_hourly
where
    ($target = '' or target = $target)
    and ($hours = 0 or hour_at > (select max(hour_at) from device_energy_hourly) - to_hours($hours))
order by instant, series
