-- Growth that may be claimed: by process, and unknown with its reason where samples contradict each
-- other. Facts that were made before stay as they are; `tokentide rebuild` makes them again.

-- One row per target and whole second at which a process of it says that it started.
create table ledger.process_starts (
    target varchar not null,
    started_second timestamptz not null,
    primary key (target, started_second)
);

insert into ledger.process_starts
select distinct
    target,
    date_trunc('second', started_at) as started_second
from raw.telemetry_samples
where started_at is not null;

-- One row per stated start: its process. Some exporters compute the start again for each page, so
-- starts at most two seconds apart are of one process.
create view ledger.processes as
select
    target,
    started_second,
    max(first_second) over (
        partition by target
        order by started_second
        rows between unbounded preceding and current row
    ) as process
from (
    select
        target,
        started_second,
        case
            when
                coalesce(
                    started_second > lag(started_second) over in_order + interval 2 seconds, true
                )
                then epoch(started_second)::bigint
        end as first_second
    from ledger.process_starts
    window in_order as (partition by target order by started_second)
) as starts;

-- Null growth: no two samples of one process say it. `unknown_reason` says what contradicts it.
alter table ledger.counter_minutes alter growth drop not null;
alter table ledger.counter_minutes add column unknown_reason varchar;
alter table ledger.histogram_hours alter growth drop not null;
-- Growth of the histogram's count over the samples that have this bucket: less than that of the
-- whole hour where the bounds of buckets changed within it.
alter table ledger.histogram_hours add column counted double;
-- A restart that the page proves, and what speaks against one server with one process.
alter table ledger.scrapes add column is_restart boolean;
alter table ledger.scrapes add column contradiction varchar;
-- What the power gauge says where the energy is of a counter of joules, and why neither holds.
alter table ledger.energy_hours add column gauge_joules double;
alter table ledger.energy_hours add column gauge_seconds double;
alter table ledger.energy_hours add column fault varchar;

-- Samples that somebody took back, by segment, or by target and time. They are not loaded again.
create table raw.telemetry_forgotten (
    segment_id varchar,
    target varchar,
    first_at timestamptz,
    last_at timestamptz,
    forgotten_at timestamptz not null,
    samples bigint not null
);
