delete from ledger.energy_hours using changed_hours
where
    energy_hours.target = changed_hours.target
    and energy_hours.hour_at = changed_hours.hour_at;

-- One row per device, provenance and changed hour. Power is a line between two readings, cut at the
-- edges of hours. A counter of joules is a line as well, and is preferred where it covers the same
-- time or more; what the power gauge says stands beside it. Readings too far apart are not joined,
-- nor are those between which a counter contradicts itself or rises faster than the devices can draw.
insert into ledger.energy_hours by name
with rated as (
    select
        targets.name as target,
        (costs.entry ->> '$.rated_watts')::double as rated_watts,
        greatest(
            coalesce(targets.valid_from, '-infinity'),
            coalesce(costs.valid_from, '-infinity')
        ) as valid_from,
        least(
            coalesce(targets.valid_to, 'infinity'),
            coalesce(costs.valid_to, 'infinity')
        ) as valid_to
    from raw.tier_file as targets
    inner join raw.tier_file as costs
        on
            costs.section = 'cost'
            and costs.name = (targets.entry ->> '$.device_kind')
    where targets.section = 'target'
),

readings as (
    select
        series.target,
        coalesce(series.device, '') as device,
        series.labels,
        series.metric,
        samples.scraped_at,
        samples.hour_at,
        samples.value,
        lag(samples.scraped_at) over meter as from_at,
        lag(samples.value) over meter as value_before,
        growths.growth,
        growths.unknown_reason as contradiction
    from needed_samples as samples
    inner join series
        on samples.series_id = series.series_id
    left join growths
        on
            samples.series_id = growths.series_id
            and samples.scraped_at = growths.scraped_at
    where samples.metric in ('power_watts', 'energy_joules')
    window meter as (partition by samples.series_id order by samples.scraped_at)
),

spans as (
    select
        readings.*,
        case
            when readings.contradiction is not null
                then 'the counter of joules fell, though its process did not start again'
            -- Twice what a device is rated for: no device draws that, and no clock is so wrong.
            when
                readings.metric = 'energy_joules'
                and readings.growth
                > 2 * rated.rated_watts * epoch(readings.scraped_at - readings.from_at)
                then 'the counter of joules rose faster than the device can draw'
        end as fault,
        readings.scraped_at <= readings.from_at + limits.power_gap
        and (readings.metric = 'power_watts' or readings.growth is not null)
        and fault is null as is_covered
    from readings
    inner join limits
        on readings.target = limits.target
    left join rated
        on
            readings.target = rated.target
            and readings.scraped_at >= rated.valid_from
            and readings.scraped_at < rated.valid_to
),

cut_at_hours as (
    select
        *,
        unnest(
            generate_series(date_trunc('hour', from_at), hour_at, interval 1 hour)
        ) as within_hour_at
    from spans
    where is_covered
),

pieces as (
    select
        target,
        device,
        labels,
        metric,
        within_hour_at as hour_at,
        growth,
        value_before,
        value - value_before as rise,
        (epoch_us(scraped_at) - epoch_us(from_at)) / 1e6 as seconds,
        (epoch_us(greatest(from_at, within_hour_at)) - epoch_us(from_at)) / 1e6 as from_second,
        (epoch_us(least(scraped_at, within_hour_at + interval 1 hour)) - epoch_us(from_at))
        / 1e6 as until_second
    from cut_at_hours
    where scraped_at > within_hour_at
),

meters as (
    select
        target,
        device,
        labels,
        metric,
        hour_at,
        case
            when metric = 'energy_joules' then growth * (until_second - from_second) / seconds
            else
                (value_before + rise * (from_second + until_second) / 2 / seconds)
                * (until_second - from_second)
        end as joules,
        until_second - from_second as covered_seconds,
        null as gap_seconds,
        0 as power_samples,
        null as fault
    from pieces
    union all by name
    select
        target,
        device,
        labels,
        metric,
        hour_at,
        0 as joules,
        0 as covered_seconds,
        (epoch_us(scraped_at) - epoch_us(from_at)) / 1e6 as gap_seconds,
        (metric = 'power_watts')::integer as power_samples,
        fault
    from spans
),

meter_hours as (
    select
        target,
        device,
        labels,
        metric,
        hour_at,
        sum(joules) as joules,
        sum(covered_seconds) as covered_seconds,
        max(gap_seconds) as largest_gap_seconds,
        sum(power_samples)::bigint as power_samples,
        max(fault) as fault
    from meters
    group by all
),

-- A device of several chips has several meters.
device_hours as (
    select
        target,
        device,
        metric,
        hour_at,
        case
            when contains(labels, 'provenance="rated"') then 'rated' else 'measured'
        end as provenance,
        sum(joules) as joules,
        min(covered_seconds) as covered_seconds,
        max(largest_gap_seconds) as largest_gap_seconds,
        sum(power_samples)::bigint as power_samples,
        max(fault) as fault
    from meter_hours
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
semi join changed_hours
    on
        device_hours.target = changed_hours.target
        and device_hours.hour_at = changed_hours.hour_at
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
