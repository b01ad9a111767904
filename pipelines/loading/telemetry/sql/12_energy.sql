delete from ledger.energy_hours using changed_hours
where
    energy_hours.target = changed_hours.target
    and energy_hours.hour_at = changed_hours.hour_at;

-- One row per device, provenance and changed hour. Power is a line between two readings, cut at the
-- edges of hours. A counter of joules is a line as well, and is preferred where it covers the same
-- time or more. Readings too far apart are not joined.
insert into ledger.energy_hours by name
with readings as (
    select
        series.target,
        coalesce(series.device, '') as device,
        series.labels,
        series.metric,
        samples.scraped_at,
        samples.hour_at,
        samples.value,
        samples.started_at,
        lag(samples.scraped_at) over meter as from_at,
        lag(samples.value) over meter as value_before,
        lag(samples.started_at) over meter as started_before
    from needed_samples as samples
    inner join series
        on samples.series_id = series.series_id
    where samples.metric in ('power_watts', 'energy_joules')
    window meter as (partition by samples.series_id order by samples.scraped_at)
),

spans as (
    select
        readings.*,
        readings.scraped_at <= readings.from_at + limits.power_gap as is_covered,
        case
            when readings.value < readings.value_before then readings.value
            when
                abs(epoch_us(readings.started_at) - epoch_us(readings.started_before))
                > getvariable('start_tolerance_us')
                then readings.value
            else readings.value - readings.value_before
        end as growth
    from readings
    inner join limits
        on readings.target = limits.target
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
        0 as power_samples
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
        (metric = 'power_watts')::integer as power_samples
    from readings
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
        sum(power_samples)::bigint as power_samples
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
        sum(power_samples)::bigint as power_samples
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
    device_hours.provenance
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
