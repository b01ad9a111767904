delete from ledger.histogram_hours using changed_hours
where
    histogram_hours.target = changed_hours.target
    and histogram_hours.hour_at = changed_hours.hour_at;

-- One row per histogram, part, bucket and changed hour.
insert into ledger.histogram_hours by name
select
    series.target,
    series.model_name,
    series.metric,
    series.labels,
    hours.hour_at,
    series.part,
    series.le,
    hours.growth
from (
    select
        series_id,
        hour_at,
        sum(growth) as growth
    from growths
    where kind = 'histogram'
    group by all
) as hours
inner join series
    on hours.series_id = series.series_id;
