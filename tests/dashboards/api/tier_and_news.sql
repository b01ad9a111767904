-- Three targets, one with simulated load, over three hours, of which one left; a claim, a price change and restatements.
create table marts.local_efficiency_hourly as
select
    hour_at::timestamptz as hour_at, target, service, model_name, 3600.0::double as timed_seconds,
    tokens / 3600.0::double as total_tokens_per_second, devices,
    (usd / 3600)::decimal(24, 12) as usd_per_second,
    (case when tokens > 0 then usd / tokens * 1e6 end)::decimal(24, 9) as usd_per_mtok,
    target_usd::decimal(24, 12) / 3600 as target_usd_per_second
from (
    values
    ('2026-06-20 06:00:00+00', 'one', 'chat', 'tide-mini', 1000000, 2.0, 2, 2.0),
    ('2026-06-20 07:00:00+00', 'one', 'chat', 'tide-mini', 0, null, 2, 2.0),
    ('2026-06-20 08:00:00+00', 'one', 'chat', 'tide-mini', 2000000, 1.5, 2, 2.0),
    ('2026-06-20 08:00:00+00', 'one', 'chat', 'tide "max"', 1000000, 0.5, 2, 2.0),
    ('2026-06-20 08:00:00+00', 'two', 'two', 'tide-mini', 500000, 0.125, 1, 0.125),
    ('2026-06-20 08:00:00+00', 'three', 'three', 'unknown', 5, null, 1, null),
    ('2026-06-19 08:00:00+00', 'gone', 'gone', 'old', 7, 9.0, 1, 9.0)
) as hours (hour_at, target, service, model_name, tokens, usd, devices, target_usd);
create table marts.local_cost_daily as
select * from (values (date '2026-06-20', 'one', 'Ascend 910B2'), (date '2026-06-20', 'two', 'cpu'))
    as costs (date, target, device_kind);
create table marts.services as
select * from (values ('chat', false), ('two', true)) as services (service, is_load_simulated);
create table marts.claims as
select
    'five-weeks' as claim_id, 'all' as basis, 'Five weeks & <more>.' as statement, 'press' as said_by,
    'depends_on_basis' as verdict, 'platform supported, top9 contradicted' as measured_text,
    'By basis.' as reason, timestamptz '2026-06-20 08:00:00+00' as as_of;
create table marts.claim_verdicts as
select
    claim_id, basis, statement, said_by, false as is_saved, verdict, null::varchar as previous_verdict,
    null::double as measured, measured_text, reason, null::timestamptz as began_at,
    null::timestamptz as ended_at
from marts.claims;
create or replace table marts.models as
select 'lab/model' as model_id, 'lab/model' as model_family, ['a', 'b'] as tags, 1.5::decimal(12, 4) as price_usd;
create table marts.price_events as
select
    date '2026-06-18' as date, 'lab/model' as model_id, kind, 1.5::decimal(18, 9) as old_prompt_usd_per_mtok,
    0.75::decimal(18, 9) as new_prompt_usd_per_mtok, null::decimal(18, 9) as old_completion_usd_per_mtok,
    3::decimal(18, 9) as new_completion_usd_per_mtok, -0.5 as change_ratio, origin
from (values ('list', 'data_api'), ('modal', 'simulated')) as kinds (kind, origin);
create table marts.market_restatements_daily as
select
    date '2026-06-17' as date, timestamptz '2026-06-19 08:00:00+00' as as_of, 2 as revisions,
    1000 as first_platform_tokens, 1000 + change as platform_tokens, change / 1000 as change_ratio,
    'data_api' as origin
from (values (20), (1)) as changes (change)
