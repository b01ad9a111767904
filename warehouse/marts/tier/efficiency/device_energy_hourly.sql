-- One row per UTC hour, target and device: energy, power, utilisation and memory.
--
-- is_valid tells whether the energy holds, and reason why not. What is not known is null. A card of
-- two chips may report the power of both with the first: the second then has none, not 0. Where more
-- devices were read than the target has, nobody knows which are its own, so none has energy.
with gauges as (
    select
        hour_at,
        target,
        device,
        sum(mean_value * samples) filter (where metric = 'utilisation')
        / nullif(sum(samples) filter (where metric = 'utilisation'), 0) as utilisation,
        round(
            sum(mean_value * samples) filter (where metric = 'memory_used_bytes')
            / nullif(sum(samples) filter (where metric = 'memory_used_bytes'), 0)
        )::bigint as memory_used_bytes,
        max(last_value) filter (where metric = 'memory_total_bytes')::bigint as memory_total_bytes,
        bool_or(metric = 'power_watts' and is_of_card) as is_of_card
    from {{ ref('stg_telemetry__gauges') }}
    where metric in ('power_watts', 'utilisation', 'memory_used_bytes', 'memory_total_bytes')
    group by all
),

devices as (
    select
        coalesce(energy.hour_at, gauges.hour_at) as hour_at,
        coalesce(energy.target, gauges.target) as target,
        coalesce(energy.device, gauges.device) as device,
        energy.joules,
        energy.covered_seconds,
        energy.largest_gap_seconds,
        energy.power_samples,
        energy.provenance,
        energy.fault,
        energy.joules / nullif(energy.covered_seconds, 0) as energy_watts,
        energy.gauge_joules / nullif(energy.gauge_seconds, 0) as gauge_watts,
        energy.gauge_seconds,
        gauges.utilisation,
        gauges.memory_used_bytes,
        gauges.memory_total_bytes,
        coalesce(gauges.is_of_card, false) as is_of_card
    from {{ ref('stg_telemetry__energy') }} as energy
    full join gauges
        using (hour_at, target, device)
),

left_out as (
    select
        hour_at,
        target,
        string_agg(distinct withheld, '; ' order by withheld) as withheld
    from {{ ref('stg_telemetry__scrape_outcomes') }}
    where withheld <> ''
    group by all
),

-- A page that was left out as a whole has no device, and still says why.
all_devices as (
    select * from devices
    union all by name
    select
        left_out.hour_at,
        left_out.target,
        'unknown' as device,
        false as is_of_card
    from left_out
    anti join devices
        on
            left_out.hour_at = devices.hour_at
            and left_out.target = devices.target
),

-- Devices are counted by the minute: one that another replaced within the hour is no further one.
minutes as (
    select
        hour_at,
        target,
        minute_at,
        device
    from {{ ref('stg_telemetry__gauges') }}
    where metric = 'power_watts'
    union all
    select
        hour_at,
        target,
        minute_at,
        device
    from {{ ref('stg_telemetry__counters') }}
    where metric = 'energy_joules'
),

counted as (
    select
        hour_at,
        target,
        median(devices) as devices
    from (
        select
            hour_at,
            target,
            count(distinct device) as devices
        from minutes
        where not contains(device, 'all devices')
        group by hour_at, target, minute_at
    ) as by_minute
    group by all
),

with_limits as (
    select
        devices.* exclude (joules),
        case
            when counted.devices > terms.devices then null else devices.joules
        end as joules,
        case
            when counted.devices > terms.devices
                then
                    format(
                        '{:.0f} devices were read, and the target has {:d}: pick them with '
                        || 'indices, uuids or match in [[device_source]], or correct devices',
                        counted.devices,
                        terms.devices
                    )
            when devices.joules is null then left_out.withheld
        end as devices_reason,
        coalesce(devices.covered_seconds, 0) / 3600 as coverage,
        case
            when contains(devices.device, 'all devices') then 'target'
            when devices.is_of_card then 'card'
            when
                devices.joules is not null
                and coalesce(counted.devices <= terms.devices, true)
                then 'device'
            when bool_or(devices.is_of_card) over (partition by devices.hour_at, devices.target)
                then 'within card'
        end as power_scope,
        -- Samples cannot lie closer together than the scrapes.
        greatest({{ var('max_power_gap_seconds') }}, 3 * terms.scrape_seconds)
            as allowed_gap_seconds,
        terms.rated_watts
    from all_devices as devices
    left join {{ ref('target_terms_daily') }} as terms
        on {{ are_terms_of('devices.target', 'devices.hour_at') }}
    left join counted
        on
            devices.hour_at = counted.hour_at
            and devices.target = counted.target
    left join left_out
        on
            devices.hour_at = left_out.hour_at
            and devices.target = left_out.target
),

with_reasons as (
    select
        *,
        case
            when power_scope = 'within card'
                then 'power is reported for the whole card, with its first chip'
            when devices_reason is not null then devices_reason
            when joules is null then 'no power was reported'
            when provenance <> 'measured' then 'power is ' || provenance || ', not measured'
            when fault is not null then fault
            when
                gauge_seconds > covered_seconds / 2
                and abs(energy_watts - gauge_watts)
                > {{ var('max_power_disagreement') }} * greatest(energy_watts, gauge_watts)
                then
                    format(
                        'the counter of joules says {:.0f} W, the power gauge {:.0f} W',
                        energy_watts,
                        gauge_watts
                    )
            when
                power_scope = 'device'
                and energy_watts > {{ var('max_power_above_rated') }} * rated_watts
                then
                    format(
                        '{:.0f} W is more than the device can draw: it is rated {:.0f} W',
                        energy_watts,
                        rated_watts
                    )
            when largest_gap_seconds > allowed_gap_seconds
                then
                    format(
                        '{:.0f} s without a sample of power; {:.0f} s are allowed',
                        largest_gap_seconds,
                        allowed_gap_seconds
                    )
            when coverage < {{ var('min_power_coverage') }}
                then format('power covers {:.0f} % of the hour', 100 * coverage)
        end as reason
    from with_limits
),

with_services as (
    select
        with_reasons.*,
        coalesce(services.service, with_reasons.target) as service
    from with_reasons
    left join {{ ref('target_services_daily') }} as services
        on
            with_reasons.target = services.target
            and {{ utc_date('with_reasons.hour_at') }} = services.day
)

select
    hour_at,
    target,
    device,
    joules,
    joules / nullif(covered_seconds, 0) as mean_watts,
    utilisation,
    memory_used_bytes,
    memory_total_bytes,
    coverage,
    largest_gap_seconds,
    power_samples,
    power_scope,
    provenance,
    reason is null as is_valid,
    reason,
    service
from with_services
order by hour_at, target, device
