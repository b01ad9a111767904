delete from ledger.gauge_minutes using changed_hours
where
    gauge_minutes.target = changed_hours.target
    and gauge_minutes.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and gauge_minutes.hour_at >= getvariable('first_changed')
    and gauge_minutes.hour_at < getvariable('end_changed');

-- One row per gauge and minute. Outcomes of scrapes are in ledger.scrapes.
create or replace temp table more_gauges as
select
    series.target,
    series.model_name,
    series.device,
    series.metric,
    series.labels,
    minutes.* exclude (minutes.series_id)
from (
    select
        series_id,
        minute_at,
        hour_at,
        avg(value) as mean_value,
        min(value) as least_value,
        max(value) as most_value,
        max_by(value, scraped_at) as last_value,
        count(*) as samples
    from needed_samples
    where
        kind = 'gauge'
        and is_changed
        and metric not in ('up', 'device_up')
    group by all
) as minutes
inner join series
    on minutes.series_id = series.series_id;
