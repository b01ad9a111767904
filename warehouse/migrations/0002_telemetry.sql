-- What inference tiers said of themselves, and the facts that are drawn from it.
--
-- The raw tables hold samples as they were scraped, for as long as retention says. The ledger's tables are facts by minute and hour, made
-- anew from the samples of the hours that a segment touches, whenever it comes: the same samples in any order give the same facts. Facts
-- stay when samples are dropped.
create schema ledger;

-- One row per closed segment that was loaded, whatever it held. The same bytes, or the same name, are loaded once.
create table raw.telemetry_segments (
    segment_id varchar primary key,
    sha256 varchar not null,
    kind varchar not null, -- 'scrapes', 'requests', 'pages', 'history'
    rows bigint not null,
    first_at timestamptz,
    last_at timestamptz,
    loaded_at timestamptz not null,
    outcome varchar not null, -- 'loaded', 'repeated', 'unreadable'
    reason varchar
);

-- One row per run of retention that dropped samples: none is left from before that instant but the last one of each series.
create table raw.telemetry_retention (
    dropped_before timestamptz not null,
    ran_at timestamptz not null,
    samples bigint not null
);

-- One row per sample of a scrape. A scrape that failed is one row with metric 'up' and value 0.
create table raw.telemetry_samples (
    segment_id varchar not null,
    target varchar not null,
    engine varchar not null,
    metric varchar not null,
    kind varchar not null, -- 'counter', 'gauge', 'histogram', 'info'
    part varchar not null, -- '', 'bucket', 'sum', 'count'
    le double, -- a bucket's upper end
    model_name varchar,
    labels varchar not null, -- the other labels, k="v" sorted by k
    device varchar,
    value double not null,
    scraped_at timestamptz not null,
    started_at timestamptz -- when the scraped process says it started
);

-- One row per request that a tier of ours answered or refused, from its own log.
create table raw.request_events (
    segment_id varchar not null,
    target varchar not null,
    request_id varchar not null,
    model varchar not null,
    arrival_at timestamptz not null,
    first_token_at timestamptz,
    last_token_at timestamptz,
    prompt_tokens bigint not null,
    cached_tokens bigint not null,
    completion_tokens bigint not null,
    draft_tokens bigint not null,
    accepted_tokens bigint not null,
    outcome varchar not null,
    finish_reason varchar,
    device varchar not null
);

-- The tier file as it was when telemetry was last loaded: one row per table of its kind and key, values as JSON.
create table raw.tier_file (
    section varchar not null, -- 'target', 'device_source', 'cost', 'peak', 'energy', 'slo'
    name varchar not null, -- the target, the device kind, or ''
    entry json not null,
    read_at timestamptz not null
);

-- One row per scrape: whether it came, and how long since the one before it came.
create table ledger.scrapes (
    target varchar not null,
    scraped_at timestamptz not null,
    is_up boolean not null,
    reason varchar,
    started_at timestamptz,
    seconds_since_last double, -- since the last scrape that came; null at the first
    is_gap boolean not null -- too long since the last one that came, or this one did not come
);

-- One row per counter and minute: what it grew by. Growth belongs to the minute of the later of two samples.
create table ledger.counter_minutes (
    target varchar not null,
    model_name varchar,
    device varchar,
    metric varchar not null,
    labels varchar not null,
    minute_at timestamptz not null,
    hour_at timestamptz not null,
    growth double not null,
    resets bigint not null
);

-- One row per histogram, bucket and hour: what the cumulative count grew by; `le` null for the parts 'sum' and 'count'.
create table ledger.histogram_hours (
    target varchar not null,
    model_name varchar,
    metric varchar not null,
    labels varchar not null,
    hour_at timestamptz not null,
    part varchar not null,
    le double,
    growth double not null
);

-- One row per gauge and minute: mean over the samples, least, most, last, how many.
create table ledger.gauge_minutes (
    target varchar not null,
    model_name varchar,
    device varchar,
    metric varchar not null,
    labels varchar not null,
    minute_at timestamptz not null,
    hour_at timestamptz not null,
    mean_value double not null,
    least_value double not null,
    most_value double not null,
    last_value double not null,
    samples bigint not null
);

-- One row per device and hour: its energy, the trapezoid over power samples, and how much of the hour they cover.
create table ledger.energy_hours (
    target varchar not null,
    device varchar not null,
    hour_at timestamptz not null,
    joules double not null,
    covered_seconds double not null,
    largest_gap_seconds double,
    power_samples bigint not null,
    provenance varchar not null -- 'measured', 'rated'
);

-- One row per target, minute: how much of it lies between two scrapes that came, close enough together.
create table ledger.coverage_minutes (
    target varchar not null,
    minute_at timestamptz not null,
    hour_at timestamptz not null,
    covered_seconds double not null,
    scrapes bigint not null,
    failed_scrapes bigint not null
);

-- One row per info page's labels and hour: when they were seen first and last in it.
create table ledger.stack_hours (
    target varchar not null,
    engine varchar not null,
    metric varchar not null,
    labels varchar not null,
    hour_at timestamptz not null,
    first_at timestamptz not null,
    last_at timestamptz not null
);

-- One row per info page's labels (versions of the serving stack), while they held: what held again later is another row.
create view ledger.stack_versions as
with numbered as (
    select
        *,
        dense_rank() over (partition by target, metric order by hour_at) as hour_number
    from ledger.stack_hours
),

in_runs as (
    select
        *,
        hour_number - row_number() over (partition by target, engine, metric, labels order by hour_at) as run
    from numbered
)

select
    target,
    labels,
    min(first_at) as first_at,
    max(last_at) as last_at,
    engine,
    metric
from in_runs
group by target, engine, metric, labels, run;
