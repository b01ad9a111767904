-- Seeded markets with one change of a price each: the share of a model has a trend, noise, and a step by
-- the planted elasticity. Each model is its author's only one, so that nothing else moves its share.
create table planted as
select
    number as market,
    'lab-' || number || '/model' as model_id,
    between_ends(number, 'elasticity', -2.5, 0.5) as truth,
    if(
        uniform(number, 0, 'way') < 0.5,
        between_ends(number, 'factor', 0.25, 0.8),
        between_ends(number, 'factor', 1.25, 4)
    ) as factor,
    between_ends(number, 'trend', -0.02, 0.02) as trend,
    between_ends(number, 'size', 0.02, 0.15) as size,
    [0, 0.3, 0.6][1 + number % 3] as alike
from range($markets) as numbers (number);

create table lives as
select
    market,
    model_id,
    date '2026-03-01' + day::integer as date,
    day >= 40 as is_after,
    0.01 * exp(trend * day + size * noise(market, day, alike) + if(day >= 40, truth * ln(factor), 0))
        as share_of_platform
from planted
cross join range(80) as days (day);

create table marts.model_prices_daily as
select
    lives.date,
    lives.model_id,
    'list' as kind,
    'catalogue' as price_basis,
    0.0 as discount,
    (if(is_after, factor, 1) * 2)::decimal(18, 9) as prompt_usd_per_mtok,
    (if(is_after, factor, 1) * 8)::decimal(18, 9) as completion_usd_per_mtok,
    prompt_usd_per_mtok as undiscounted_prompt_usd_per_mtok,
    completion_usd_per_mtok as undiscounted_completion_usd_per_mtok,
    null::varchar as undiscounted_reason,
    0 as age_days,
    'openrouter' as source,
    'observed' as confidence,
    'simulated' as origin,
    'x' as answer_sha256
from lives
inner join planted using (market);

create table marts.market_tokens_daily as
select
    date,
    model_id as model_permaslug,
    share_of_platform,
    (share_of_platform * 1e12)::bigint as total_tokens
from lives;

create table marts.models as
select
    model_id as model_permaslug,
    model_id,
    model_id as model_family,
    'lab-' || market as author_slug,
    date '2025-01-01' as first_ranked_date,
    (select max(date) from lives) as last_ranked_date
from planted;

create table marts.market_days as select distinct date from lives;

create table seeds.price_sources as
select
    'openrouter' as source,
    'x' as licence,
    'x' as citation;
