-- Two minutes of one target, to be added to a market.
create table marts.served_tokens_minutely as
select 'ours' as target, minute_at, 600 as prompt_tokens, 200 as generation_tokens, is_gap
from (values
    (timestamptz '2026-06-19 10:00:00+00', false), ('2026-06-19 10:01:00+00', true)
) as minutes (minute_at, is_gap);
create table marts.scrape_outcomes_hourly (
    hour_at timestamptz, target varchar, source varchar, outcome varchar, scrapes bigint,
    reason varchar
);
insert into marts.scrape_outcomes_hourly values
    ('2026-06-19 09:00:00+00', 'ours', 'vllm', 'timeout', 720, 'the page did not come in time'),
    ('2026-06-19 10:00:00+00', 'ours', 'vllm', 'up', 700, null),
    ('2026-06-19 10:00:00+00', 'ours', 'vllm', 'no_known_metrics', 20,
        'the page has no family of vllm; sglang would know it: correct the tier file');
create table marts.served_models (
    target varchar, model_name varchar, known_as varchar, mapping_warning varchar
);
insert into marts.served_models values
    ('ours', 'Qwen3-8B', 'qwen/qwen3-30b-a3b', 'model_map leads from 8 to 30'),
    ('ours', 'chat', 'qwen/qwen3-30b-a3b', null);
