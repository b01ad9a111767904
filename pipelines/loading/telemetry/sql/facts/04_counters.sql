delete from ledger.counter_minutes using changed_hours
where
    counter_minutes.target = changed_hours.target
    and counter_minutes.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and counter_minutes.hour_at >= getvariable('first_changed')
    and counter_minutes.hour_at < getvariable('end_changed');

-- One row per counter and minute. Growth belongs to the later sample's minute,
-- also across a gap: tokens are conserved. It is null in a minute that has only the first sample of
-- a series. Series that differ in their process alone are one counter.
create or replace temp table more_counters as
select
    series.target,
    series.model_name,
    series.device,
    series.metric,
    series.labels,
    minutes.minute_at,
    minutes.hour_at,
    sum(minutes.growth) as growth,
    sum(minutes.resets)::bigint as resets,
    min(minutes.unknown_reason) as unknown_reason
from (
    select
        series_id,
        minute_at,
        hour_at,
        sum(growth) as growth,
        count_if(is_restart) as resets,
        min(unknown_reason) as unknown_reason
    from growths
    where kind = 'counter' and is_changed
    group by all
) as minutes
inner join series
    on minutes.series_id = series.series_id
group by all;
