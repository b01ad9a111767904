-- One row per series that nobody will count on: its target is gone from the tier, or its process has
-- ended and another one took its place.
create or replace temp table ended_series as
with processes_of_targets as (
    select
        states.target,
        states.started_at,
        max(processes.process) as process,
        max(states.scraped_at) as last_at
    from ledger.series_state as states
    inner join ledger.processes
        on
            states.target = processes.target
            and date_trunc('second', states.started_at) = processes.started_second
    group by all
),

newest as (
    select
        target,
        arg_max(process, last_at) as process
    from processes_of_targets
    group by target
),

gone as (
    select name as target
    from raw.tier_file
    where section = 'target'
    group by name
    having count_if(valid_to is null) = 0
)

select states.rowid as state_row
from ledger.series_state as states
left join processes_of_targets as own
    on
        states.target = own.target
        and states.started_at = own.started_at
left join newest
    on states.target = newest.target
where
    states.scraped_at < getvariable('dropped_before')
    and (
        states.target in (select gone.target from gone)
        or (
            states.kind in ('counter', 'histogram')
            and states.device is null
            and own.process <> newest.process
        )
    );

-- Their last samples, which were kept for later growth.
delete from raw.telemetry_samples as samples using ledger.series_state as states
where
    states.rowid in (select ended_series.state_row from ended_series)
    and samples.target = states.target
    and samples.metric = states.metric
    and samples.scraped_at = states.scraped_at
    and samples.scraped_at < getvariable('dropped_before');

delete from ledger.series_state
where rowid in (select ended_series.state_row from ended_series);

delete from ledger.target_state
where
    last_at < getvariable('dropped_before')
    and target not in (select states.target from ledger.series_state as states);
