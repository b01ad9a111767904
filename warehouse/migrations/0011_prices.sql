-- Archives of past prices, and what the catalogue says of prices besides.

-- One row per content of an archive: the last day that it knows.
create table raw.price_archives (
    sha256 varchar primary key,
    source varchar not null,
    as_of date not null,
    fetched_at timestamptz not null,
    origin varchar not null -- 'archive', or 'simulated'
);

-- One row per model and content of an archive that says something new of the model: which prices it
-- had, and on which day it was last listed (null while it is).
create table raw.price_series (
    sha256 varchar not null,
    source varchar not null,
    model_id varchar not null,
    model_name varchar,
    last_seen date,
    content_hash varchar not null,
    primary key (sha256, model_id)
);

-- One row per price of a model, stored once for each distinct history: text in USD per million
-- tokens, as it came, with the day from which it held.
create table raw.price_points (
    content_hash varchar not null,
    position integer not null,
    date date not null,
    prompt_usd_per_mtok varchar,
    completion_usd_per_mtok varchar,
    cached_usd_per_mtok varchar,
    cache_write_usd_per_mtok varchar,
    tiers varchar,
    primary key (content_hash, position)
);

alter table raw.models add column cache_write_usd varchar;
