delete from ledger.stack_hours using changed_hours
where
    stack_hours.target = changed_hours.target
    and stack_hours.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and stack_hours.hour_at >= getvariable('first_changed')
    and stack_hours.hour_at < getvariable('end_changed');

-- One row per label set of an info metric and hour.
create or replace temp table more_versions as
select
    series.target,
    series.engine,
    series.metric,
    series.labels,
    samples.hour_at,
    min(samples.scraped_at) as first_at,
    max(samples.scraped_at) as last_at
from needed_samples as samples
inner join series
    on samples.series_id = series.series_id
where
    samples.kind = 'info'
    and samples.is_changed
group by all;
