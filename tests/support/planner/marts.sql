-- Marts of a small market and tier with known figures: a target by itself, a service of two replicas, one that knows
-- neither its costs nor its cached tokens, and one whose devices changed on its day.
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    date '2026-06-18' as date, timestamptz '2026-06-19 08:00:00+00' as as_of, 'data_api' as origin, false as is_missing,
    1_000_000_000_000 as platform_tokens;

create table marts.services as select unnest(['ours', 'fleet', 'bare', 'changed']) as service;

-- Eight thousand tokens a second while busy; 0.004 USD a second fixed, half of it the devices over two years.
create table marts.local_cost_daily as
select
    date, target, service, devices::integer as devices, 86400::double as timed_seconds, speed::double as capacity_tokens_per_second,
    0.25::double as busy_share, capex::decimal(24, 12) as capex_usd_per_second, opex::decimal(24, 12) as opex_usd_per_second,
    (capex + opex)::decimal(24, 12) as fixed_usd_per_second, 1000::double as busy_watts, 200::double as idle_watts,
    if(opex is null, null, 0.0001)::decimal(24, 12) as busy_energy_usd_per_second,
    if(opex is null, null, 0.00002)::decimal(24, 12) as idle_energy_usd_per_second,
    if(opex is null, null, 0.24)::decimal(18, 6) as energy_usd_per_kwh, if(opex is null, null, 1.5)::double as pue,
    if(opex is null, null, 2)::double as amortisation_years
from (values
    (date '2026-06-17', 'ours', 'ours', 2, 6000, 0.002, 0.002),
    (date '2026-06-18', 'ours', 'ours', 2, 8000, 0.002, 0.002),
    (date '2026-06-18', 'fleet-1', 'fleet', 2, 8000, 0.002, 0.002),
    (date '2026-06-18', 'fleet-2', 'fleet', 2, 4000, 0.002, 0.002),
    (date '2026-06-18', 'bare', 'bare', 1, 500, 0, null),
    (date '2026-06-18', 'changed', 'changed', null, 8000, 0.002, 0.002)
) as days (date, target, service, devices, speed, capex, opex);

create table marts.service_cost_daily as
select
    date, service, avg(devices) as devices, avg(capacity_tokens_per_second) as capacity_tokens_per_second, avg(busy_share) as busy_share,
    if(min(opex_usd_per_second) is null, null, avg(capex_usd_per_second))::decimal(24, 12) as capex_usd_per_second,
    avg(opex_usd_per_second)::decimal(24, 12) as opex_usd_per_second, avg(fixed_usd_per_second)::decimal(24, 12) as fixed_usd_per_second,
    avg(busy_energy_usd_per_second)::decimal(24, 12) as busy_energy_usd_per_second,
    avg(idle_energy_usd_per_second)::decimal(24, 12) as idle_energy_usd_per_second,
    avg(energy_usd_per_kwh)::decimal(18, 6) as energy_usd_per_kwh, avg(amortisation_years) as amortisation_years
from marts.local_cost_daily
group by all;

-- Of ten tokens six are computed prompt tokens, two are cached ones, two are generated.
create table marts.make_or_buy_daily as
select
    days.date, days.target, days.service, 'lab/m' as model_family, 'lab/m' as model_id, kinds.kind,
    if(days.target = 'ours', 1_000_000, 1_000)::bigint as local_tokens,
    if(days.target = 'bare', null, 0.2)::double as cached_share, 0.2::double as completion_share
from marts.local_cost_daily as days, (values ('list'), ('cheapest'), ('modal')) as kinds (kind);

create table marts.service_make_or_buy_daily as
select
    date, service, model_family, model_id, kind, sum(local_tokens)::bigint as local_tokens,
    any_value(cached_share) as cached_share, any_value(completion_share) as completion_share
from marts.make_or_buy_daily
group by all;

create table marts.served_tokens_hourly as
select
    timestamptz '2026-06-18 00:00:00+00' + to_hours(hour::integer) as hour_at, target, service,
    if(hour < 6, 3600, 0)::double as busy_seconds, 3600::double as timed_seconds
from range(23) as hours (hour), (select distinct target, service from marts.local_cost_daily);

create table marts.models as
select *
from (values
    ('lab/m-1', 'lab/m', 'lab/m', false, date '2026-06-18'), ('lab/n-1', 'lab/n', 'lab/n', false, date '2026-06-18'),
    ('lab/n-2', 'lab/n', 'lab/n-large', false, date '2026-06-18'), ('lab/n-1:free', 'lab/n', 'lab/n:free', true, date '2026-06-18'),
    ('lab/lost-1', 'lab/lost', null, false, date '2026-06-18'), ('lab/dear-1', 'lab/dear', 'lab/dear', false, date '2026-05-01')
) as models (model_permaslug, model_family, model_id, is_free, last_ranked_date);

create table marts.market_tokens_daily as
select date '2026-06-18' as date, model_permaslug, tokens::bigint as total_tokens
from (values ('lab/m-1', 900), ('lab/n-1', 100), ('lab/n-2', 300), ('lab/n-1:free', 800), ('lab/lost-1', 10)) as ranked (model_permaslug, tokens);

create table marts.model_prices_daily as
select
    date, model_id, kind, prompt::decimal(18, 9) as prompt_usd_per_mtok, completion::decimal(18, 9) as completion_usd_per_mtok,
    cached::decimal(18, 9) as cached_usd_per_mtok, host as provider_name, basis as price_basis, 'data_api' as origin
from (values
    (date '2026-06-17', 'lab/m', 'list', 4, 20, 1, 'Lab', 'own endpoint'),
    (date '2026-06-18', 'lab/m', 'list', 2, 10, 0.5, 'Lab', 'own endpoint'),
    (date '2026-06-18', 'lab/m', 'cheapest', 1, 4, null, 'Cheap', 'cheapest host'),
    (date '2026-06-18', 'lab/n-large', 'list', 3, 9, 0.3, null, 'catalogue'),
    (date '2026-06-18', 'lab/dear', 'list', 0, 0, null, null, 'catalogue')
) as asks (date, model_id, kind, prompt, completion, cached, host, basis);
