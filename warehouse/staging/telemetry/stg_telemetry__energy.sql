-- One row per target, device and hour: its energy, from measured power where both kinds exist.
select
    target,
    device,
    hour_at,
    joules,
    covered_seconds,
    largest_gap_seconds,
    power_samples,
    provenance,
    gauge_joules,
    gauge_seconds,
    fault
from {{ source('ledger', 'energy_hours') }}
where {{ is_known_hour('hour_at') }}
qualify
    row_number() over (
        partition by target, device, hour_at
        order by provenance = 'measured' desc, covered_seconds desc
    ) = 1
