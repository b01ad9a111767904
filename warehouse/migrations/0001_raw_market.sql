-- The raw tables of the market: what every answer said, nothing renamed, nothing forgotten.
--
-- raw.answers says when an answer came; the other tables say what its bytes hold and are keyed by the SHA-256 of those bytes. So the
-- same bytes are loaded once, however often they arrive, and a figure that returns to an earlier value is still seen to have returned.
create schema raw;

-- One row per answer: everything that was asked and what came of it.
create table raw.answers (
    answer_id varchar primary key,
    source varchar not null,
    url varchar not null,
    params varchar not null,
    context varchar not null,
    fetched_at timestamptz not null,
    status smallint not null,
    bytes bigint not null,
    sha256 varchar not null,
    origin varchar not null,
    run_id varchar not null,
    outcome varchar not null,
    rows bigint not null,
    reason varchar
);

-- One row per board (slice, grain, date) that an answer speaks of. content_hash names the board's rows in raw.board_rows; it is null
-- where the answer covers the date but has no row for it, which is how a day that is missing or was withdrawn is recorded.
create table raw.board_days (
    sha256 varchar not null,
    slice varchar not null,
    grain varchar not null,
    date date not null,
    as_of timestamptz not null,
    origin varchar not null,
    content_hash varchar,
    row_count integer not null,
    has_other boolean not null,
    primary key (sha256, slice, grain, date)
);

-- One row per model of a board, stored once for each distinct content of a board.
create table raw.board_rows (
    content_hash varchar not null,
    model_permaslug varchar not null,
    total_tokens bigint not null
);

-- One row per thing that could not be believed, with the reason; nothing downstream reads the figures of such a day from that answer.
create table raw.quarantine (
    sha256 varchar not null,
    source varchar not null,
    slice varchar,
    grain varchar,
    date date,
    reason varchar not null,
    detail varchar
);

-- One row per oddity that is accepted, noted when it was first seen.
create table raw.notes (
    source varchar not null,
    note varchar not null,
    sha256 varchar not null,
    primary key (source, note)
);

-- One row per catalogue entry; prices are text in USD per token, as they came.
create table raw.models (
    sha256 varchar not null,
    model_id varchar not null,
    canonical_slug varchar not null,
    hugging_face_id varchar,
    name varchar,
    created bigint,
    context_length bigint,
    expiration_date varchar,
    tokenizer varchar,
    output_modalities varchar,
    prompt_usd varchar,
    completion_usd varchar,
    cached_usd varchar,
    discount varchar,
    overrides varchar
);

-- One row per host of a model.
create table raw.endpoints (
    sha256 varchar not null,
    asked_model varchar,
    data_id varchar,
    model_id varchar,
    endpoint_name varchar,
    provider_name varchar not null,
    tag varchar not null,
    quantization varchar,
    context_length bigint,
    status double,
    uptime_last_5m double,
    uptime_last_30m double,
    uptime_last_1d double,
    ttft_ms_p50 double,
    ttft_ms_p75 double,
    ttft_ms_p90 double,
    ttft_ms_p99 double,
    throughput_tps_p50 double,
    throughput_tps_p75 double,
    throughput_tps_p90 double,
    throughput_tps_p99 double,
    prompt_usd varchar,
    completion_usd varchar,
    cached_usd varchar,
    discount varchar
);

-- One row per provider.
create table raw.providers (
    sha256 varchar not null,
    name varchar not null,
    slug varchar not null,
    headquarters varchar,
    datacenters varchar
);

-- One row per app and window.
create table raw.apps (
    sha256 varchar not null,
    start_date date not null,
    end_date date not null,
    as_of timestamptz not null,
    rank bigint not null,
    app_id bigint not null,
    app_name varchar,
    total_tokens bigint not null,
    total_requests bigint not null
);

-- One row per task; shares of classified, sampled traffic.
create table raw.tasks (
    sha256 varchar not null,
    as_of date not null,
    window_days integer not null,
    tag varchar not null,
    display_name varchar,
    macro_category varchar,
    usage_share double not null,
    token_share double not null,
    category_usage_share double,
    category_token_share double
);

-- One row per task and model.
create table raw.task_models (
    sha256 varchar not null,
    tag varchar not null,
    model_id varchar not null,
    tag_usage_share double,
    tag_token_share double
);

-- One row per board, model and metric.
create table raw.benchmarks (
    sha256 varchar not null,
    as_of timestamptz not null,
    board varchar not null,
    model_permaslug varchar not null,
    display_name varchar,
    test varchar,
    metric varchar not null,
    score double not null
);

-- One row per app, model and range of turns.
create table raw.session_costs (
    sha256 varchar not null,
    as_of timestamptz not null,
    window_end_date date,
    window_days integer,
    app_slug varchar not null,
    app_name varchar,
    model_permaslug varchar not null,
    turn_range varchar not null,
    median_session_cost_usd decimal(18, 6) not null
);
