set variable first_hour = (select min(hour_at) from touched);
set variable end_hour = (select max(hour_at) + interval 1 hour from touched);

-- One row per series with a sample in or near a touched hour. The labels of `up` say how a scrape went; all the same it is one series.
create or replace temp table series as
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
        case when samples.metric in ('up', 'device_up') then '' else samples.labels end as labels,
        samples.device,
        any_value(samples.kind) as kind,
        any_value(samples.engine) as engine
    from raw.telemetry_samples as samples
    semi join touched
        on samples.target = touched.target
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
    samples.value,
    samples.scraped_at,
    samples.started_at,
    date_trunc('hour', samples.scraped_at) as hour_at,
    case when samples.metric = 'up' then samples.labels end as said
from raw.telemetry_samples as samples
inner join series
    on
        samples.target = series.target
        and samples.metric = series.metric
        and samples.part = series.part
        and case when samples.metric in ('up', 'device_up') then '' else samples.labels end = series.labels
        and samples.le is not distinct from series.le
        and samples.model_name is not distinct from series.model_name
        and samples.device is not distinct from series.device;

-- One row per sample that the facts are made of: all of the touched hours, and others that these need but are not made facts of here.
create or replace temp table at_hand as
select
    samples.*,
    date_trunc('minute', samples.scraped_at) as minute_at,
    true as is_touched
from samples_of_series as samples
semi join touched
    on
        samples.target = touched.target
        and samples.hour_at = touched.hour_at
where
    samples.scraped_at >= getvariable('first_hour')
    and samples.scraped_at < getvariable('end_hour');

-- One row per sample outside the touched hours: what follows one of them closely, and the last good one of each series in the hour before.
create or replace temp table outside as
with following as (
    select samples.*
    from samples_of_series as samples
    inner join touched
        on
            samples.target = touched.target
            and samples.scraped_at >= touched.hour_at + interval 1 hour
    inner join limits
        on
            samples.target = limits.target
            and samples.scraped_at <= touched.hour_at + interval 1 hour + limits.gap
    where
        samples.metric in ('up', 'power_watts', 'energy_joules')
        and samples.scraped_at >= getvariable('first_hour')
),

the_hour_before as (
    select samples.*
    from samples_of_series as samples
    inner join touched
        on
            samples.target = touched.target
            and samples.hour_at = touched.hour_at - interval 1 hour
    where
        samples.scraped_at >= getvariable('first_hour') - interval 1 hour
        and (samples.kind in ('counter', 'histogram') or samples.metric = 'power_watts' or (samples.metric = 'up' and samples.value = 1))
    qualify row_number() over (partition by samples.series_id, samples.hour_at order by samples.scraped_at desc) = 1
)

from following
union
from the_hour_before;

-- One row per series and touched hour of which no sample before that hour is at hand yet; of `up` also where the hour has none itself.
create or replace temp table orphans as
with wanted as (
    select distinct
        series_id,
        hour_at
    from at_hand
    where kind in ('counter', 'histogram') or metric = 'power_watts'
    union
    select
        series.series_id,
        touched.hour_at
    from touched
    inner join series
        on touched.target = series.target
    where series.metric = 'up'
),

found as (
    select
        series_id,
        hour_at
    from at_hand
    where metric <> 'up' or value = 1
    union
    select
        series_id,
        hour_at
    from outside
    where metric <> 'up' or value = 1
)

select wanted.*
from wanted
anti join found
    on
        wanted.series_id = found.series_id
        and wanted.hour_at = found.hour_at + interval 1 hour;

-- One row per orphan that has a sample before its hour at all: the last good one.
create or replace temp table found_for_orphans as
select samples.*
from samples_of_series as samples
inner join orphans
    on
        samples.series_id = orphans.series_id
        and samples.scraped_at < orphans.hour_at
where samples.metric <> 'up' or samples.value = 1
qualify row_number() over (partition by samples.series_id, orphans.hour_at order by samples.scraped_at desc) = 1;

insert into at_hand by name
select
    needed.*,
    date_trunc('minute', needed.scraped_at) as minute_at,
    false as is_touched
from (
    from outside
    union
    from found_for_orphans
) as needed
anti join touched
    on
        needed.target = touched.target
        and needed.hour_at = touched.hour_at;
