delete from ledger.meter_hours using changed_hours
where
    meter_hours.target = changed_hours.target
    and meter_hours.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and meter_hours.hour_at >= getvariable('first_changed')
    and meter_hours.hour_at < getvariable('end_changed');

-- One row per meter and hour. Power is a line between two readings, cut at the edges of hours. A
-- counter of joules is a line as well. Readings too far apart are not joined, nor are those between
-- which a counter contradicts itself or rises faster than the devices can draw.
create or replace temp table more_energy as
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
        samples.is_changed,
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
    where is_changed
)

select
    meters.target,
    meters.device,
    meters.labels,
    meters.metric,
    meters.hour_at,
    sum(meters.joules) as joules,
    sum(meters.covered_seconds) as covered_seconds,
    max(meters.gap_seconds) as largest_gap_seconds,
    sum(meters.power_samples)::bigint as power_samples,
    max(meters.fault) as fault
from meters
semi join changed_hours
    on
        meters.target = changed_hours.target
        and meters.hour_at = changed_hours.hour_at
group by all;
