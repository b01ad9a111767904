-- One row per hour (or middle hour of a day) and device: power, utilisation and memory. A value that
-- the device does not report is null.
select
    time_bucket(to_hours($step), hour_at) as instant, target || ' · ' || device as series, $step as step_hours,
    median(mean_watts) as mean_watts, mode(provenance) as provenance, bool_and(is_valid) as is_valid, mode(reason) as reason,
    median(utilisation) as utilisation, median(memory_used_bytes) / 1073741824 as memory_used_gib,
    max(memory_total_bytes) / 1073741824 as memory_total_gib
from device_energy_hourly
where
    ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
    and ($hours = 0 or hour_at > (select max(hour_at) from device_energy_hourly) - to_hours($hours))
group by all
order by instant, series
