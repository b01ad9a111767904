-- A history made from one loaded answer of each kind: the catalogue of every day, and the hosts of
-- twenty models every half hour.
create or replace temp macro chance(words) as (hash(words) >> 11) / 9007199254740992.0;

create or replace temp table catalogue as
select * exclude (sha256)
from raw.models
where sha256 = (select sha256 from raw.answers where source = 'models' order by fetched_at desc limit 1);

create or replace temp table market_days as
select unnest(generate_series($first_date::date, $last_date::date, interval 1 day))::date as date;

-- Two of five models change their price once, each on another day, by up to a third either way.
insert into raw.models by name
select
    sha256('models ' || days.date) as sha256,
    catalogue.* replace (
        (try_cast(prompt_usd as decimal(24, 12)) * factor)::decimal(24, 12)::varchar as prompt_usd,
        (try_cast(completion_usd as decimal(24, 12)) * factor)::decimal(24, 12)::varchar as completion_usd,
        (try_cast(cached_usd as decimal(24, 12)) * factor)::decimal(24, 12)::varchar as cached_usd
    )
from market_days as days,
    catalogue,
    lateral (
        select case
            when chance(model_id) < 0.4
                and days.date < $first_date::date + (chance(model_id || ' day') * $days)::integer then (1 + chance(model_id || ' by') / 2)::decimal(6, 4)
            else 1
        end as factor
    );

insert into raw.answers by name
select
    'models-' || date as answer_id, 'models' as source, 'simulated:/models' as url, '{}' as params, '{}' as context,
    date + time '09:00' as fetched_at, 200 as status, 1000 as bytes, sha256('models ' || date) as sha256, 'simulated' as origin,
    'large-home' as run_id, 'loaded' as outcome, (select count(*) from catalogue) as rows
from market_days;

create or replace temp table hosts as
select endpoints.* exclude (sha256)
from raw.endpoints as endpoints
inner join raw.answers as answers on endpoints.sha256 = answers.sha256 and answers.source = 'endpoints';

create or replace temp table half_hours as
select
    captured_at,
    asked_model,
    sha256(asked_model || captured_at::varchar) as sha256
from (select unnest(generate_series($first_at::timestamptz, $last_at::timestamptz, interval 30 minute)) as captured_at),
    (select distinct asked_model from hosts);

insert into raw.endpoints by name
select
    half_hours.sha256,
    hosts.* replace (
        ttft_ms_p50 * swing as ttft_ms_p50, ttft_ms_p75 * swing as ttft_ms_p75, ttft_ms_p90 * swing as ttft_ms_p90,
        ttft_ms_p99 * swing as ttft_ms_p99, throughput_tps_p50 / swing as throughput_tps_p50, throughput_tps_p75 / swing as throughput_tps_p75,
        throughput_tps_p90 / swing as throughput_tps_p90, throughput_tps_p99 / swing as throughput_tps_p99
    )
from half_hours
inner join hosts on half_hours.asked_model = hosts.asked_model,
    lateral (select 0.7 + 0.6 * chance(hosts.tag || half_hours.sha256) as swing);

insert into raw.answers by name
select
    'endpoints-' || left(sha256, 24) as answer_id, 'endpoints' as source, 'simulated:/endpoints/' || asked_model as url, '{}' as params,
    to_json({'model': asked_model})::varchar as context, captured_at as fetched_at, 200 as status, 1000 as bytes, sha256,
    'simulated' as origin, 'large-home' as run_id, 'loaded' as outcome, 1 as rows
from half_hours;
