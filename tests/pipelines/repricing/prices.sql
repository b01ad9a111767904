-- Prices of four models: one of an archive before one of ours, one by a range, one with cache prices.
create schema marts;
create table marts.models as
select
    'an/claude-4.5-sonnet-20250929' as model_permaslug,
    'an/claude-sonnet-4.5' as model_id;
create table marts.meta as
select
    1 as generation,
    '2026-01-02 08:00:00+00'::timestamptz as published_at,
    '2026-01-02 08:00:00+00'::timestamptz as as_of;
create table marts.model_prices_daily as
with rows as (
    select prices.*
    from (
        values
        ('2025-11-01'::date, 'an/claude-sonnet-4.5', 3.0, 3.0, 3.0, 15.0, 0.3, 3.75, 'observed'),
        ('2025-11-02'::date, 'an/claude-sonnet-4.5', 6.0, 6.0, 6.0, 30.0, 0.6, 7.5, 'observed'),
        ('2025-11-01'::date, 'l/x', 1.0, 1.0, 2.0, 4.0, null, null, 'range'),
        ('2025-11-01'::date, 'l/twin', 1.0, 1.0, 1.0, 1.0, null, null, 'archive'),
        ('2025-11-01'::date, 'm/twin', 2.0, 2.0, 2.0, 2.0, null, null, 'archive')
    ) as prices (
        date,
        model_id,
        prompt_usd_per_mtok,
        prompt_usd_per_mtok_low,
        prompt_usd_per_mtok_high,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        cache_write_usd_per_mtok,
        confidence
    )
)

select
    *,
    'list' as kind,
    completion_usd_per_mtok as completion_usd_per_mtok_low,
    completion_usd_per_mtok as completion_usd_per_mtok_high,
    null::double as discount,
    null::decimal(18, 9) as undiscounted_prompt_usd_per_mtok,
    null::decimal(18, 9) as undiscounted_completion_usd_per_mtok,
    null::varchar as price_overrides,
    'archive' as price_basis,
    'prices_openrouterlist' as source,
    date as first_seen,
    0 as age_days,
    'MIT' as licence,
    'openrouterlist' as citation,
    'abc' as answer_sha256
from rows;
