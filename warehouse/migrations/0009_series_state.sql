-- What loading remembers, so that the samples of a minute cost the same in the first minute of an hour as in the last, and with a year
-- before them as with none: facts of samples that follow those before are added to the facts that are there.

-- One row per series and process: the sample from which the next growth is counted, or from which the next line of power or coverage begins.
-- Within a process it is the sample with the greatest value, else the last one; of `up` it is the last good scrape.
create table ledger.series_state (
    target varchar not null,
    engine varchar not null,
    metric varchar not null,
    kind varchar not null,
    part varchar not null,
    le double,
    model_name varchar,
    labels varchar not null,
    device varchar,
    value double not null,
    scraped_at timestamptz not null,
    started_at timestamptz,
    way tinyint not null -- 0 a scrape of ours, 1 an archived page, 2 the history of a store
);

insert into ledger.series_state by name
with samples as (
    select
        samples.* exclude (labels),
        case when samples.metric = 'up' then '' else samples.labels end as labels,
        case
            when samples.device is null and samples.kind in ('counter', 'histogram')
                then coalesce(processes.process, 0)
            else 0
        end as process,
        case segments.kind when 'pages' then 1 when 'history' then 2 else 0 end as way
    from raw.telemetry_samples as samples
    left join ledger.processes
        on
            samples.target = processes.target
            and date_trunc('second', samples.started_at) = processes.started_second
    left join raw.telemetry_segments as segments
        on samples.segment_id = segments.segment_id
    where
        samples.kind in ('counter', 'histogram')
        or samples.metric = 'power_watts'
        or (samples.metric = 'up' and samples.value = 1)
)

select * exclude (segment_id, process)
from samples
qualify
    row_number() over (
        partition by target, metric, part, le, model_name, labels, device, process
        order by case when process > 0 then value else 0 end desc, scraped_at desc
    ) = 1;

-- One row per target with samples: its newest one, and until when new samples must be weighed with
-- all those of their hour.
create table ledger.target_state (
    target varchar primary key,
    last_at timestamptz not null,
    unsettled_until timestamptz
);

-- The hour that was under way has no row in `meter_hours` yet, so it is made from all its samples.
insert into ledger.target_state
select
    target,
    max(scraped_at) as last_at,
    date_trunc('hour', max(scraped_at)) + interval 2 hours as unsettled_until
from raw.telemetry_samples
group by target;

-- One row per process that is proven to have begun while its target was watched.
create table ledger.proven_processes (
    target varchar not null,
    started_second timestamptz not null,
    first_page_at timestamptz not null,
    is_restart boolean not null -- false where discovery alone proves it: the target was not there before
);

insert into ledger.proven_processes
select
    target,
    date_trunc('second', started_at) as started_second,
    min(scraped_at) as first_page_at,
    true as is_restart
from ledger.scrapes
where is_restart and started_at is not null
group by all;

-- One row per meter and hour: what ledger.energy_hours is made of.
create table ledger.meter_hours (
    target varchar not null,
    device varchar not null,
    labels varchar not null,
    metric varchar not null, -- 'power_watts', 'energy_joules'
    hour_at timestamptz not null,
    joules double not null,
    covered_seconds double not null,
    largest_gap_seconds double,
    power_samples bigint not null,
    fault varchar
);

-- Loading looks up whether bytes came before, once for each new segment.
create index telemetry_segments_by_sha256 on raw.telemetry_segments (sha256);

-- One row per folder of archived segments that are all loaded: when it changed last. It is listed
-- again once it changes.
create table main.loaded_folders (
    folder varchar primary key,
    changed_ns bigint not null
);
