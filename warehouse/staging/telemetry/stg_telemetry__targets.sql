-- One row per target of the tier file: devices, cost, price of energy and objectives.
with entries as (
    select
        section,
        entry,
        entry ->> '$.name' as name,
        entry ->> '$.device_kind' as device_kind
    from {{ source('raw', 'tier_file') }}
),

targets as (
    select
        name as target,
        device_kind,
        entry ->> '$.engine' as engine,
        coalesce((entry ->> '$.devices')::integer, 1) as devices,
        coalesce((entry ->> '$.scrape_seconds')::double, 5) as scrape_seconds,
        entry ->> '$.quantization' as quantization
    from entries
    where section = 'target'
),

costs as (
    select
        device_kind,
        (entry ->> '$.capex_usd')::decimal(18, 4) as capex_usd,
        (entry ->> '$.amortisation_years')::double as amortisation_years,
        coalesce((entry ->> '$.opex_usd_per_hour')::decimal(18, 6), 0) as opex_usd_per_hour,
        (entry ->> '$.idle_watts')::double as idle_watts,
        (entry ->> '$.rated_watts')::double as rated_watts
    from entries
    where section = 'cost'
),

energy as (
    select
        (entry ->> '$.usd_per_kwh')::decimal(18, 6) as energy_usd_per_kwh,
        coalesce((entry ->> '$.pue')::double, 1) as pue
    from entries
    where section = 'energy'
),

slo as (
    select
        (entry ->> '$.ttft_ms')::double as slo_ttft_ms,
        (entry ->> '$.tpot_ms')::double as slo_tpot_ms
    from entries
    where section = 'slo'
)

select
    targets.target,
    targets.engine,
    targets.devices,
    targets.device_kind,
    targets.scrape_seconds,
    targets.quantization,
    costs.device_kind is not null as has_cost,
    costs.capex_usd,
    costs.amortisation_years,
    costs.opex_usd_per_hour,
    costs.idle_watts,
    costs.rated_watts,
    energy.energy_usd_per_kwh,
    energy.pue,
    slo.slo_ttft_ms,
    slo.slo_tpot_ms
from targets
left join costs
    using (device_kind)
left join energy
    on true
left join slo
    on true
