-- One row per series: the sample that the next one is counted on from.
create or replace temp table states_now as
with last_samples as (
    select
        series_id,
        arg_max(rowid, (reached, scraped_at)) as sample_row
    from needed_samples
    where
        kind in ('counter', 'histogram')
        or metric = 'power_watts'
        or (metric = 'up' and value = 1)
    group by series_id
)

select
    samples.series_id,
    samples.reached,
    samples.value,
    samples.scraped_at,
    samples.started_at,
    samples.way
from needed_samples as samples
inner join last_samples
    on samples.rowid = last_samples.sample_row;

-- Where hours were remade, a sample after them may be the one: then it stays.
update ledger.series_state as states
set
    value = states_now.value,
    scraped_at = states_now.scraped_at,
    started_at = states_now.started_at,
    way = states_now.way
from states_now
inner join states_before
    on states_now.series_id = states_before.series_id
inner join series
    on states_now.series_id = series.series_id
left join changed_hours
    on
        series.target = changed_hours.target
        and date_trunc('hour', states_before.scraped_at) = changed_hours.hour_at
where
    states.rowid = states_before.state_row
    and (
        changed_hours.hour_at is not null
        or (states_now.reached, states_now.scraped_at)
        >= (states_before.reached, states_before.scraped_at)
    );

insert into ledger.series_state by name
select
    series.target,
    series.engine,
    series.metric,
    series.kind,
    series.part,
    series.le,
    series.model_name,
    series.labels,
    series.device,
    states_now.value,
    states_now.scraped_at,
    states_now.started_at,
    states_now.way
from states_now
inner join series
    on states_now.series_id = series.series_id
anti join states_before
    on states_now.series_id = states_before.series_id;

insert into ledger.target_state as states
select
    incoming_targets.target,
    incoming_targets.last_at,
    incoming_targets.reason_at + limits.reach as unsettled_until
from incoming_targets
inner join limits
    on incoming_targets.target = limits.target
on conflict do update set
    last_at = greatest(states.last_at, excluded.last_at),
    unsettled_until = coalesce(
        greatest(states.unsettled_until, excluded.unsettled_until),
        states.unsettled_until,
        excluded.unsettled_until
    );
