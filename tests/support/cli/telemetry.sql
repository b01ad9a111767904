-- Two minutes of one target, to be added to a market.
create table marts.served_tokens_minutely as
select 'ours' as target, 'ours' as service, minute_at, 600 as prompt_tokens, 200 as generation_tokens, is_gap
from (values
    (timestamptz '2026-06-19 10:00:00+00', false), ('2026-06-19 10:01:00+00', true)
) as minutes (minute_at, is_gap);
create table marts.scrape_outcomes_hourly (
    hour_at timestamptz, target varchar, source varchar, outcome varchar, scrapes bigint,
    reason varchar, service varchar, is_up boolean, is_of_devices boolean, last_at timestamptz
);
insert into marts.scrape_outcomes_hourly
select *, outcome = 'up', false, hour_at + interval (if(outcome = 'up', 50, 20)) minute from (values
    (timestamptz '2026-06-19 09:00:00+00', 'ours', 'vllm', 'timeout', 720, 'the page did not come in time', 'ours'),
    ('2026-06-19 10:00:00+00', 'ours', 'vllm', 'up', 700, null, 'ours'),
    ('2026-06-19 10:00:00+00', 'ours', 'vllm', 'no_known_metrics', 20,
        'the page has no family of vllm; sglang would know it: correct the tier file', 'ours'),
    ('2026-06-19 10:00:00+00', 'left', 'vllm', 'refused', 20, 'nothing listens at this address', 'ours')
) as outcomes (hour_at, target, source, outcome, scrapes, reason, service);
create table marts.served_models (
    target varchar, model_name varchar, known_as varchar, mapping_warning varchar,
    service varchar, model_family varchar, reason varchar
);
insert into marts.served_models values
    ('ours', 'Qwen3-8B', 'qwen/qwen3-30b-a3b', 'model_map leads from 8 to 30', 'ours', 'qwen/qwen3', null),
    ('more', 'Qwen3-8B', 'qwen/qwen3-30b-a3b', 'model_map leads from 8 to 30', 'ours', 'qwen/qwen3', null),
    ('ours', 'chat', 'qwen/qwen3-30b-a3b', null, 'ours', null, 'the market has no [such] name');
create table marts.service_replicas as
select * from (values
    ('ours', 'ours', 'present', null::timestamptz), ('more', 'ours', 'present', null),
    ('left', 'ours', 'gone', '2026-06-19 10:05:00+00')
) as replicas (target, service, state, gone_at);
create table marts.services as
select * from (values
    ('ours', 2, 1, 'Qwen3-8B, chat', null::timestamptz), ('old', 0, 3, null, '2026-06-18 09:00:00+00')
) as services (service, replicas_now, replicas_gone, model_names, gone_at);
create table marts.local_efficiency_hourly as
select * from (values
    (timestamptz '2026-06-19 09:00:00+00', 'ours', 'chat', 9.0, null),
    ('2026-06-19 10:00:00+00', 'ours', 'chat', 2.5, null),
    ('2026-06-19 10:00:00+00', 'ours', 'Qwen3-8B', null, 'its devices have no price')
) as hours (hour_at, target, model_name, usd_per_mtok, cost_reason);
