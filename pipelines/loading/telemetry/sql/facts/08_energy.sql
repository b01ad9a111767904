delete from ledger.energy_hours using changed_hours
where
    energy_hours.target = changed_hours.target
    and energy_hours.hour_at = changed_hours.hour_at
    and energy_hours.hour_at >= getvariable('first_changed')
    and energy_hours.hour_at < getvariable('end_changed');

-- One row per device, provenance and changed hour. A counter of joules is preferred where it covers
-- the same time as the power gauge or more; what the gauge says stands beside it. A device of several
-- chips has several meters.
insert into ledger.energy_hours by name
with device_hours as (
    select
        meters.target,
        meters.device,
        meters.metric,
        meters.hour_at,
        case
            when contains(meters.labels, 'provenance="rated"') then 'rated' else 'measured'
        end as provenance,
        sum(meters.joules) as joules,
        min(meters.covered_seconds) as covered_seconds,
        max(meters.largest_gap_seconds) as largest_gap_seconds,
        sum(meters.power_samples)::bigint as power_samples,
        max(meters.fault) as fault
    from ledger.meter_hours as meters
    semi join changed_hours
        on
            meters.target = changed_hours.target
            and meters.hour_at = changed_hours.hour_at
    where
        meters.hour_at >= getvariable('first_changed')
        and meters.hour_at < getvariable('end_changed')
    group by all
)

select
    device_hours.target,
    device_hours.device,
    device_hours.hour_at,
    device_hours.joules,
    device_hours.covered_seconds,
    device_hours.largest_gap_seconds,
    (sum(device_hours.power_samples) over same_hour)::bigint as power_samples,
    device_hours.provenance,
    device_hours.fault,
    any_value(device_hours.joules) filter (where device_hours.metric = 'power_watts')
        over same_hour as gauge_joules,
    any_value(device_hours.covered_seconds) filter (where device_hours.metric = 'power_watts')
        over same_hour as gauge_seconds
from device_hours
window
    same_hour as (
        partition by
            device_hours.target,
            device_hours.device,
            device_hours.hour_at,
            device_hours.provenance
    )
qualify
    row_number() over (
        partition by
            device_hours.target,
            device_hours.device,
            device_hours.hour_at,
            device_hours.provenance
        order by device_hours.covered_seconds desc, device_hours.metric
    ) = 1;
