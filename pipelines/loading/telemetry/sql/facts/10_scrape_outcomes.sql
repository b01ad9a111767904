delete from ledger.scrape_outcome_hours using changed_hours
where
    scrape_outcome_hours.target = changed_hours.target
    and scrape_outcome_hours.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and scrape_outcome_hours.hour_at >= getvariable('first_changed')
    and scrape_outcome_hours.hour_at < getvariable('end_changed');

-- One row per target, source, hour and outcome of its scrapes.
create or replace temp table more_outcomes as
with scrapes as (
    select
        samples.*,
        series.device,
        samples.scrape_labels as labels
    from needed_samples as samples
    inner join series
        on samples.series_id = series.series_id
    where samples.metric in ('up', 'device_up') and samples.is_changed
),

outcomes as (
    select
        target,
        engine,
        metric = 'device_up' as is_of_devices,
        coalesce(device, '') as device_source,
        date_trunc('hour', scraped_at) as hour_at,
        scraped_at,
        value = 1 as is_up,
        nullif(regexp_extract(labels, 'reason="((?:[^"\\]|\\.)*)"', 1), '') as reason,
        nullif(regexp_extract(labels, 'nearest_engine="((?:[^"\\]|\\.)*)"', 1), '') as nearest_engine,
        nullif(regexp_extract(labels, 'withheld="((?:[^"\\]|\\.)*)"', 1), '') as withheld,
        try_cast(nullif(regexp_extract(labels, 'read="([0-9]+)"', 1), '') as bigint) as read_samples,
        try_cast(nullif(regexp_extract(labels, 'samples="([0-9]+)"', 1), '') as bigint) as known_samples,
        try_cast(nullif(regexp_extract(labels, 'unknown_families="([0-9]+)"', 1), '') as bigint)
            as unknown_families,
        try_cast(nullif(regexp_extract(labels, 'problems="([0-9]+)"', 1), '') as bigint) as problems
    from scrapes
)

select
    target,
    engine,
    is_of_devices,
    device_source,
    hour_at,
    case when is_up then 'up' else coalesce(reason, 'unknown') end as outcome,
    coalesce(nearest_engine, '') as nearest_engine,
    coalesce(withheld, '') as withheld,
    count(distinct scraped_at) as scrapes,
    min(scraped_at) as first_at,
    max(scraped_at) as last_at,
    avg(read_samples) as read_samples,
    avg(known_samples) as known_samples,
    max(unknown_families) as unknown_families,
    sum(problems)::bigint as problems
from outcomes
group by all;
