-- How scrapes went, by source and hour. The facts are made again with the other facts of an hour; those of samples that are there are
-- made here, so that an existing home has them too.

-- One row per target, source, hour and outcome: `up`, or the short name of a failure.
create table ledger.scrape_outcome_hours (
    target varchar not null,
    engine varchar not null, -- the engine, or the kind of device source
    is_of_devices boolean not null,
    device_source varchar not null, -- its address where a target has several, else ''
    hour_at timestamptz not null,
    outcome varchar not null,
    nearest_engine varchar not null, -- that would know the page, or ''
    withheld varchar not null, -- why figures of devices on the page were left out, or ''
    scrapes bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    read_samples double, -- mean over the scrapes
    known_samples double, -- mean over the scrapes
    unknown_families bigint, -- the most in one scrape
    problems bigint
);

insert into ledger.scrape_outcome_hours by name
with outcomes as (
    select
        target,
        engine,
        metric = 'device_up' as is_of_devices,
        coalesce(device, '') as device_source,
        date_trunc('hour', scraped_at) as hour_at,
        scraped_at,
        value = 1 as is_up,
        nullif(regexp_extract(labels, 'reason="((?:[^"\\]|\\.)*)"', 1), '') as reason,
        nullif(regexp_extract(labels, 'nearest_engine="((?:[^"\\]|\\.)*)"', 1), '') as nearest_engine,
        nullif(regexp_extract(labels, 'withheld="((?:[^"\\]|\\.)*)"', 1), '') as withheld,
        try_cast(nullif(regexp_extract(labels, 'read="([0-9]+)"', 1), '') as bigint) as read_samples,
        try_cast(nullif(regexp_extract(labels, 'samples="([0-9]+)"', 1), '') as bigint) as known_samples,
        try_cast(nullif(regexp_extract(labels, 'unknown_families="([0-9]+)"', 1), '') as bigint)
            as unknown_families,
        try_cast(nullif(regexp_extract(labels, 'problems="([0-9]+)"', 1), '') as bigint) as problems
    from raw.telemetry_samples
    where metric in ('up', 'device_up')
)

select
    target,
    engine,
    is_of_devices,
    device_source,
    hour_at,
    case when is_up then 'up' else coalesce(reason, 'unknown') end as outcome,
    coalesce(nearest_engine, '') as nearest_engine,
    coalesce(withheld, '') as withheld,
    count(distinct scraped_at) as scrapes,
    min(scraped_at) as first_at,
    max(scraped_at) as last_at,
    avg(read_samples) as read_samples,
    avg(known_samples) as known_samples,
    max(unknown_families) as unknown_families,
    sum(problems)::bigint as problems
from outcomes
group by all;
