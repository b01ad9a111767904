delete from ledger.histogram_hours using changed_hours
where
    histogram_hours.target = changed_hours.target
    and histogram_hours.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and histogram_hours.hour_at >= getvariable('first_changed')
    and histogram_hours.hour_at < getvariable('end_changed');

-- One row per histogram, part, bucket and hour. `counted` is the growth of the histogram's
-- count over the samples that have this part: less than the hour's where a bucket came or went.
create or replace temp table more_histograms as
with parts as (
    select
        series.target,
        series.model_name,
        series.metric,
        series.labels,
        series.process,
        series.part,
        series.le,
        growths.hour_at,
        growths.scraped_at,
        growths.growth
    from growths
    inner join series
        on growths.series_id = series.series_id
    where growths.kind = 'histogram' and growths.is_changed
),

counts as (
    select *
    from parts
    where part = 'count'
)

select
    parts.target,
    parts.model_name,
    parts.metric,
    parts.labels,
    parts.hour_at,
    parts.part,
    parts.le,
    sum(parts.growth) as growth,
    sum(counts.growth) filter (where parts.growth is not null) as counted
from parts
left join counts
    on
        parts.target = counts.target
        and parts.metric = counts.metric
        and parts.labels = counts.labels
        and parts.process = counts.process
        and parts.scraped_at = counts.scraped_at
        and parts.model_name is not distinct from counts.model_name
group by all;
