-- One row per sample of the segments that are being loaded.
create or replace temp table incoming as
from raw.telemetry_samples where false;

-- One row per segment: the way on which its samples came. Scrapes of ours count before archived
-- pages, and those before the history of a store.
create or replace temp view ways as
select
    segment_id,
    case kind when 'pages' then 1 when 'history' then 2 else 0 end as way
from raw.telemetry_segments;

-- One row per sample of any time, with what makes its series: the process that counts, where the
-- page says when it started, and the way on which the sample came. A device counts on when the
-- process that reads it starts again.
create or replace temp view identified_samples as
select
    samples.*,
    case
        when samples.device is null and samples.kind in ('counter', 'histogram')
            then coalesce(processes.process, 0)
        else 0
    end as process,
    coalesce(processes.process, 0) as page_process,
    -- The labels of `up` describe how a scrape went; all the same it is one series.
    case when samples.metric in ('up', 'device_up') then '' else samples.labels end
        as series_labels,
    coalesce(ways.way, 0) as way
from raw.telemetry_samples as samples
left join ledger.processes
    on
        samples.target = processes.target
        and date_trunc('second', samples.started_at) = processes.started_second
left join ways
    on samples.segment_id = ways.segment_id;

-- One row per series of any time: the sample that it is counted on from.
create or replace temp view identified_states as
select
    states.rowid as state_row,
    states.*,
    case
        when states.device is null and states.kind in ('counter', 'histogram')
            then coalesce(processes.process, 0)
        else 0
    end as process,
    coalesce(processes.process, 0) as page_process
from ledger.series_state as states
left join ledger.processes
    on
        states.target = processes.target
        and date_trunc('second', states.started_at) = processes.started_second;

-- One row per target and hour whose facts change. Those of a remade hour are made again from all its
-- samples; to the others the new samples are added.
create or replace temp table changed_hours (
    target varchar,
    hour_at timestamptz,
    is_remade boolean
);

-- One row per series whose samples are counted.
create or replace temp table series (
    series_id bigint,
    target varchar,
    metric varchar,
    part varchar,
    le double,
    model_name varchar,
    labels varchar,
    device varchar,
    process bigint,
    kind varchar,
    engine varchar
);

-- One row per sample that facts are computed from: the changed ones, and those around them that
-- these facts need.
create or replace temp table needed_samples (
    series_id bigint,
    target varchar,
    metric varchar,
    kind varchar,
    process bigint,
    page_process bigint,
    way integer,
    engine varchar,
    value double,
    scraped_at timestamptz,
    started_at timestamptz,
    hour_at timestamptz,
    minute_at timestamptz,
    scrape_labels varchar,
    reached double,
    is_changed boolean
);
