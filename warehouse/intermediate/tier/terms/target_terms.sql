-- One row per target and span of hours in which nothing of its terms changed: devices, cost, energy
-- price, objectives, peaks.
--
-- The spans of a target cover all time, also that in which it was not in the tier file. Its service
-- and engine are those of its newest entry in all of them.
with entries as (
    select
        section,
        name,
        part,
        entry,
        from_at,
        until_at
    from {{ ref('stg_telemetry__tier_hours') }}
    where section <> 'device_source'
),

targets as (
    select
        name as target,
        entry ->> '$.device_kind' as device_kind,
        coalesce((entry ->> '$.devices')::integer, 1) as devices,
        coalesce((entry ->> '$.scrape_seconds')::double, 5) as scrape_seconds,
        from_at,
        until_at
    from entries
    where section = 'target'
),

-- What concerns a target: its own entry, those of its kinds of device, and those of the whole tier.
concerned as (
    select
        target,
        from_at,
        until_at
    from targets
    union
    select
        targets.target,
        entries.from_at,
        entries.until_at
    from targets
    inner join entries
        on targets.device_kind = entries.name
    where entries.section in ('cost', 'peak')
    union
    select
        targets.target,
        entries.from_at,
        entries.until_at
    from (select distinct target from targets) as targets
    cross join entries
    where entries.section in ('energy', 'slo')
),

edges as (
    select distinct
        target,
        unnest([from_at, until_at, '-infinity'::timestamptz]) as edge_at
    from concerned
),

spans as (
    select
        target,
        edge_at as from_at,
        coalesce(lead(edge_at) over (partition by target order by edge_at), 'infinity') as until_at
    from edges
    where edge_at < 'infinity'
),

costs as (
    select
        name as device_kind,
        (entry ->> '$.capex_usd')::decimal(18, 4) as capex_usd,
        (entry ->> '$.amortisation_years')::double as amortisation_years,
        coalesce((entry ->> '$.opex_usd_per_hour')::decimal(18, 6), 0) as opex_usd_per_hour,
        (entry ->> '$.idle_watts')::double as idle_watts,
        (entry ->> '$.rated_watts')::double as rated_watts,
        from_at,
        until_at
    from entries
    where section = 'cost'
),

energy as (
    select
        (entry ->> '$.usd_per_kwh')::decimal(18, 6) as energy_usd_per_kwh,
        coalesce((entry ->> '$.pue')::double, 1) as pue,
        from_at,
        until_at
    from entries
    where section = 'energy'
),

slo as (
    select
        (entry ->> '$.ttft_ms')::double as slo_ttft_ms,
        (entry ->> '$.tpot_ms')::double as slo_tpot_ms,
        from_at,
        until_at
    from entries
    where section = 'slo'
),

peaks as (
    select
        spans.target,
        spans.from_at,
        map(
            list(entries.entry ->> '$.dtype' order by entries.part),
            list(
                struct_pack(
                    dtype := entries.entry ->> '$.dtype',
                    flop_per_second := (entries.entry ->> '$.tflops')::double * 1e12,
                    bytes_per_second := (entries.entry ->> '$.bandwidth_gbps')::double * 1e9
                )
                order by entries.part
            )
        ) as peaks
    from spans
    inner join targets
        on
            spans.target = targets.target
            and spans.from_at >= targets.from_at
            and spans.from_at < targets.until_at
    inner join entries
        on
            entries.section = 'peak'
            and targets.device_kind = entries.name
            and spans.from_at >= entries.from_at
            and spans.from_at < entries.until_at
    group by spans.target, spans.from_at
)

select
    spans.target,
    spans.from_at,
    spans.until_at,
    identities.service,
    identities.engine,
    targets.target is not null as is_in_tier_file,
    targets.devices,
    targets.device_kind,
    targets.scrape_seconds,
    costs.device_kind is not null as has_cost,
    costs.capex_usd,
    costs.amortisation_years,
    costs.opex_usd_per_hour,
    costs.idle_watts,
    costs.rated_watts,
    energy.energy_usd_per_kwh,
    energy.pue,
    slo.slo_ttft_ms,
    slo.slo_tpot_ms,
    peaks.peaks
from spans
inner join {{ ref('stg_telemetry__targets') }} as identities
    on spans.target = identities.target
left join targets
    on
        spans.target = targets.target
        and spans.from_at >= targets.from_at
        and spans.from_at < targets.until_at
left join costs
    on
        targets.device_kind = costs.device_kind
        and spans.from_at >= costs.from_at
        and spans.from_at < costs.until_at
left join energy
    on
        spans.from_at >= energy.from_at
        and spans.from_at < energy.until_at
left join slo
    on
        spans.from_at >= slo.from_at
        and spans.from_at < slo.until_at
left join peaks
    on
        spans.target = peaks.target
        and spans.from_at = peaks.from_at
