-- A market whose benchmarks were refused and whose rankings came, and a log of telemetry.
create table marts.ingest_log as
select
    source || n as answer_id,
    source,
    'https://market/' || source || n as url,
    timestamptz '2026-06-20 08:00:00+00' + to_minutes(n) as fetched_at,
    status,
    run_id,
    outcome,
    reason
from (values
    ('rankings_daily', 1, 200, 'a', 'loaded', null),
    ('benchmarks', 2, 200, 'a', 'loaded', null),
    ('benchmarks', 3, 401, 'b', 'refused', 'the key may not read them'),
    ('app_rankings', 4, 429, 'b', 'refused', null),
    ('app_rankings', 5, 200, 'b', 'loaded', null),
    ('endpoints', 6, 500, 'b', 'refused', 'HTTP status 500'),
    ('endpoints', 7, 500, 'b', 'refused', 'HTTP status 500')
) as answers (source, n, status, run_id, outcome, reason);
update marts.ingest_log set url = 'https://market/app_rankings' where source = 'app_rankings';
create table marts.telemetry_log as
select
    's1' as segment_id,
    'loaded' as outcome,
    null::varchar as reason,
    timestamptz '2026-06-20 07:00:00+00' as first_at,
    timestamptz '2026-06-20 08:00:00+00' as last_at,
    timestamptz '2026-06-20 08:30:00+00' as loaded_at;
create table marts.model_benchmarks (score double);
create table marts.market_apps_daily (tokens bigint);
create table marts.market_tasks_daily (tokens bigint);
create table marts.endpoint_speed (tps double);
create table marts.served_tokens_hourly (tokens bigint);
create table marts.served_models as
select
    'tier' as target, 'tier' as service, 'v4' as model_name, null::varchar as model_family,
    null::varchar as model_permaslug, '2 models fit' as reason;
