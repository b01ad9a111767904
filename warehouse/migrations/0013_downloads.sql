-- Downloads of models on the Hugging Face Hub: counters by page, what models are, and daily counts of
-- the past that somebody else kept.

-- One row per page (by the hash of its bytes) and model: the counters as they stood.
create table raw.hub_counts (
    sha256 varchar not null,
    hub_id varchar not null,
    model_id varchar not null,
    downloads_30d bigint,
    downloads_all_time bigint,
    likes bigint
);

-- One row per model and page that says something new of it.
create table raw.hub_models (
    sha256 varchar not null,
    fetched_at timestamptz not null,
    hub_id varchar not null,
    model_id varchar not null,
    pipeline_tag varchar,
    created_at timestamptz,
    relation varchar,
    base_evidence varchar,
    base_ids varchar[],
    format varchar not null,
    parameters bigint,
    content_hash uhugeint not null
);

-- One row per file of past counts: what its rows are of, which figure they have, whose it is.
create table raw.hub_history_files (
    sha256 varchar primary key,
    fetched_at timestamptz not null,
    grain varchar not null, -- 'author', or 'model'
    figure varchar not null, -- 'daily', or 'all_time'
    licence varchar not null,
    citation varchar not null,
    origin varchar not null
);

-- One row per file, UTC day and name of an author or a model.
create table raw.hub_history (
    sha256 varchar not null,
    date date not null,
    name varchar not null,
    downloads bigint not null
);
