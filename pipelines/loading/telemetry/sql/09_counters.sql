delete from ledger.counter_minutes using changed_hours
where
    counter_minutes.target = changed_hours.target
    and counter_minutes.hour_at = changed_hours.hour_at;

-- One row per counter and minute of a changed hour. Growth belongs to the later sample's minute,
-- also across a gap: tokens are conserved.
insert into ledger.counter_minutes by name
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
        sum(growth) as growth,
        count_if(is_restart) as resets
    from growths
    where kind = 'counter'
    group by all
) as minutes
inner join series
    on minutes.series_id = series.series_id;
