-- New samples that follow those before: facts are added to, so each series needs just the sample that
-- it is counted on from.
insert into series by name
select
    (select coalesce(max(series.series_id), 0) from series) + row_number() over () as series_id,
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
    from new_samples as samples
    semi join incoming_targets as following
        on
            samples.target = following.target
            and not following.is_late
    group by all
) as found;

-- One row per series that was seen before: the sample that it was counted on from until now.
create or replace temp table states_before as
select
    series.series_id,
    states.state_row,
    states.page_process,
    states.way,
    states.value,
    states.scraped_at,
    states.started_at,
    case when states.process > 0 then states.value else 0 end as reached
from series
inner join identified_states as states
    on
        series.target = states.target
        and series.metric = states.metric
        and series.part = states.part
        and series.labels = states.labels
        and series.process = states.process
        and series.le is not distinct from states.le
        and series.model_name is not distinct from states.model_name
        and series.device is not distinct from states.device;

insert into needed_samples by name
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
    date_trunc('minute', samples.scraped_at) as minute_at,
    case when samples.metric in ('up', 'device_up') then samples.labels end as scrape_labels,
    case when series.process > 0 then samples.value else 0 end as reached,
    true as is_changed
from new_samples as samples
semi join incoming_targets as following
    on
        samples.target = following.target
        and not following.is_late
inner join series
    on
        samples.target = series.target
        and samples.metric = series.metric
        and samples.part = series.part
        and samples.series_labels = series.labels
        and samples.process = series.process
        and samples.le is not distinct from series.le
        and samples.model_name is not distinct from series.model_name
        and samples.device is not distinct from series.device;

insert into needed_samples by name
select
    series.series_id,
    series.target,
    series.metric,
    series.kind,
    series.process,
    states.page_process,
    states.way,
    series.engine,
    states.value,
    states.scraped_at,
    states.started_at,
    date_trunc('hour', states.scraped_at) as hour_at,
    date_trunc('minute', states.scraped_at) as minute_at,
    '' as scrape_labels,
    states.reached,
    false as is_changed
from states_before as states
inner join series
    on states.series_id = series.series_id
semi join incoming_targets as following
    on
        series.target = following.target
        and not following.is_late;

-- Hours of the new samples, and those before them that lines from the last samples may cross.
insert into changed_hours by name
select
    following.target,
    unnest(
        generate_series(
            date_trunc('hour', following.first_at - greatest(limits.gap, limits.power_gap)),
            date_trunc('hour', following.last_at),
            interval 1 hour
        )
    ) as hour_at,
    false as is_remade
from incoming_targets as following
inner join limits
    on following.target = limits.target
where not following.is_late;

set variable first_changed = (select min(hour_at) from changed_hours);
set variable end_changed = (select max(hour_at) + interval 1 hour from changed_hours);
