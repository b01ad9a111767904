set variable first_hour = (select min(hour_at) from changed_hours);
set variable end_hour = (select max(hour_at) + interval 1 hour from changed_hours);

-- One row per series with a sample in or near a changed hour.
insert into series by name
select
    row_number() over () as series_id,
    *
from (
    select
        samples.target,
        samples.metric,
        samples.part,
        samples.le,
        samples.model_name,
        samples.series_labels as labels,
        samples.device,
        samples.process,
        any_value(samples.kind) as kind,
        any_value(samples.engine) as engine
    from identified_samples as samples
    semi join changed_hours
        on samples.target = changed_hours.target
    where
        samples.scraped_at >= getvariable('first_hour') - interval 1 hour
        and samples.scraped_at < getvariable('end_hour') + interval 3 hour
    group by all
) as found;

-- One row per sample of these series, of any time.
create or replace temp view samples_of_series as
select
    series.series_id,
    series.target,
    series.metric,
    series.kind,
    series.process,
    samples.page_process,
    samples.way,
    samples.engine,
    samples.value,
    samples.scraped_at,
    samples.started_at,
    date_trunc('hour', samples.scraped_at) as hour_at,
    case when samples.metric in ('up', 'device_up') then samples.labels end as scrape_labels,
    -- Growth within a process is counted from the greatest value so far: usually the last one.
    case when series.process > 0 then samples.value else 0 end as reached
from identified_samples as samples
inner join series
    on
        samples.target = series.target
        and samples.metric = series.metric
        and samples.part = series.part
        and samples.process = series.process
        and samples.series_labels = series.labels
        and samples.le is not distinct from series.le
        and samples.model_name is not distinct from series.model_name
        and samples.device is not distinct from series.device;

-- All samples of the changed hours.
insert into needed_samples by name
select
    samples.*,
    date_trunc('minute', samples.scraped_at) as minute_at,
    true as is_changed
from samples_of_series as samples
semi join changed_hours
    on
        samples.target = changed_hours.target
        and samples.hour_at = changed_hours.hour_at
where
    samples.scraped_at >= getvariable('first_hour')
    and samples.scraped_at < getvariable('end_hour');

-- One row per sample around the changed hours: those that follow within a gap, the last good one of
-- each series in the hour before, and those on both sides that tell a restart from a contradiction
-- where pages do not say when their process started.
create or replace temp table neighbours as
with following as (
    select samples.*
    from samples_of_series as samples
    inner join changed_hours
        on
            samples.target = changed_hours.target
            and samples.scraped_at >= changed_hours.hour_at + interval 1 hour
    inner join limits
        on
            samples.target = limits.target
            and samples.scraped_at <= changed_hours.hour_at + interval 1 hour + limits.gap
    where
        samples.metric in ('up', 'power_watts', 'energy_joules')
        and samples.scraped_at >= getvariable('first_hour')
),

hour_before as (
    select samples.*
    from samples_of_series as samples
    inner join changed_hours
        on
            samples.target = changed_hours.target
            and samples.hour_at = changed_hours.hour_at - interval 1 hour
    where
        samples.scraped_at >= getvariable('first_hour') - interval 1 hour
        and (
            samples.kind in ('counter', 'histogram')
            or samples.metric = 'power_watts'
            or (samples.metric = 'up' and samples.value = 1)
        )
    qualify
        row_number() over (
            partition by samples.series_id, samples.hour_at
            order by samples.reached desc, samples.scraped_at desc
        ) = 1
),

settling as (
    select samples.*
    from samples_of_series as samples
    inner join limits
        on samples.target = limits.target
    inner join changed_hours
        on
            samples.target = changed_hours.target
            and samples.scraped_at >= changed_hours.hour_at - limits.settle
            and samples.scraped_at <= changed_hours.hour_at + interval 1 hour + limits.settle
    where
        samples.process = 0
        and samples.kind in ('counter', 'histogram')
        and samples.scraped_at >= getvariable('first_hour') - interval 1 hour
)

from following
union
from hour_before
union
from settling;

-- One row per series and changed hour without a sample in the hour before; of `up` also where the
-- changed hour has no sample itself.
create or replace temp table hours_without_predecessor as
with wanted as (
    select distinct
        series_id,
        hour_at
    from needed_samples
    where kind in ('counter', 'histogram') or metric = 'power_watts'
    union
    select
        series.series_id,
        changed_hours.hour_at
    from changed_hours
    inner join series
        on changed_hours.target = series.target
    where series.metric = 'up'
),

found as (
    select
        series_id,
        hour_at
    from needed_samples
    where metric <> 'up' or value = 1
    union
    select
        series_id,
        hour_at
    from neighbours
    where metric <> 'up' or value = 1
)

select wanted.*
from wanted
anti join found
    on
        wanted.series_id = found.series_id
        and wanted.hour_at = found.hour_at + interval 1 hour;

-- One row per such hour with an earlier sample at all: the last good one.
create or replace temp table predecessors as
select samples.*
from samples_of_series as samples
inner join hours_without_predecessor as hours
    on
        samples.series_id = hours.series_id
        and samples.scraped_at < hours.hour_at
where samples.metric <> 'up' or samples.value = 1
qualify
    row_number() over (
        partition by samples.series_id, hours.hour_at
        order by samples.reached desc, samples.scraped_at desc
    ) = 1;

insert into needed_samples by name
select
    samples.*,
    date_trunc('minute', samples.scraped_at) as minute_at,
    false as is_changed
from (
    from neighbours
    union
    from predecessors
) as samples
anti join changed_hours
    on
        samples.target = changed_hours.target
        and samples.hour_at = changed_hours.hour_at;

-- One row per page of an archive or a store whose time is covered by scrapes that count before it:
-- the same counters on a second way, dated by another clock.
create or replace temp table eclipsed_pages as
with pages as (
    select distinct
        target,
        way,
        scraped_at
    from needed_samples
    where way > 0
),

good_scrapes as (
    select distinct
        target,
        way,
        scraped_at
    from needed_samples
    where metric = 'up' and value = 1
)

select
    pages.target,
    pages.way,
    pages.scraped_at
from pages
inner join limits
    on pages.target = limits.target
inner join good_scrapes
    on
        pages.target = good_scrapes.target
        and pages.way > good_scrapes.way
        and good_scrapes.scraped_at
        between pages.scraped_at - limits.gap and pages.scraped_at + limits.gap
group by all
having
    min(abs(epoch_us(good_scrapes.scraped_at) - epoch_us(pages.scraped_at)))
    <= epoch(any_value(limits.gap)) * 1e6 / 3
    or (
        min(good_scrapes.scraped_at) <= pages.scraped_at
        and max(good_scrapes.scraped_at) >= pages.scraped_at
    );

-- A counter's sample from before the changed hours stays: its growth is counted from there.
delete from needed_samples using eclipsed_pages
where
    needed_samples.target = eclipsed_pages.target
    and needed_samples.way = eclipsed_pages.way
    and needed_samples.scraped_at = eclipsed_pages.scraped_at
    and (needed_samples.is_changed or needed_samples.kind not in ('counter', 'histogram'));
