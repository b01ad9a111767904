-- Ten days of a market, one of them missing, four authors, and the log of requests.
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    day as date,
    timezone('UTC', day + interval 32 hour) as as_of,
    'data_api' as origin,
    day = '2026-06-12' as is_missing,
    if(day = '2026-06-12', null, 1_000_000_000_000) as platform_tokens
from (
    select unnest(generate_series(date '2026-06-10', '2026-06-19', interval 1 day))::date as day
);
create table marts.models as select unnest(['lab/one', 'lab/two', 'other/one']) as model_id;
create table marts.market_tokens_daily as
select
    date,
    author_slug,
    if(is_other, 'unknown', author_slug) as releasing_lab,
    is_other,
    tokens * 1_000_000::bigint as total_tokens
from marts.market_days, (values
    ('lab', false, 600_000), ('small', false, 100_000), ('unknown', false, 100_000),
    ('other', true, 200_000)
) as authors (author_slug, is_other, tokens)
where not is_missing;
create table marts.ingest_log as
select answer_id, source, fetched_at::timestamptz as fetched_at, outcome, rows::bigint as rows, reason
from (values
    ('a', 'rankings_daily', '2026-06-19 08:00:00+00', 'loaded', 400, null),
    ('b', 'rankings_daily', '2026-06-20 08:00:00+00', 'quarantined', null, 'short day'),
    ('c', 'models', '2026-06-20 08:17:00.5+00', 'loaded', 3, null),
    ('d', 'providers', '2026-06-20 08:17:01+00', 'damaged', 0, 'its body is missing')
) as answers (answer_id, source, fetched_at, outcome, rows, reason);

create table marts.ingest_quarantine as
select source, reason
from (values
    ('rankings_daily', 'short day'),
    ('archive_log', 'line 2 of 2026-06-20.jsonl: it is damaged: no JSON')
) as quarantined (source, reason);
