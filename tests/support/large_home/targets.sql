-- The targets, each with one of the open models that rank; two kinds of devices, their cost and their
-- peaks.
create or replace temp macro chance(words) as (hash(words) >> 11) / 9007199254740992.0;

create or replace temp table ranked as
select row_number() over (order by tokens desc, canonical_slug) - 1 as place, hugging_face_id, split_part(canonical_slug, '/', 2) as model_name
from (
    select models.canonical_slug, any_value(models.hugging_face_id) as hugging_face_id, sum(cells.total_tokens) as tokens
    from raw.ranking_rows as cells
    inner join raw.ranking_days as days on cells.content_hash = days.content_hash
    inner join catalogue as models on cells.model_permaslug = models.canonical_slug
    where days.slice = 'all' and days.grain = 'day' and days.date >= $last_at::date - 90 and models.hugging_face_id <> ''
    group by models.canonical_slug
)
qualify place < 12;

create or replace temp table targets as
select
    number,
    format('tier-{:02d}', number) as target,
    -- The first eighth also has a log of its requests.
    case when number < greatest(1, $targets // 8) then 'tokentide' else 'vllm' end as engine,
    case when number % 2 = 0 then 'Ascend 910B2' else 'H20' end as device_kind,
    case when number % 8 = 0 then 2 else 1 end as devices,
    ranked.model_name,
    ranked.hugging_face_id
from range($targets) as numbers (number)
inner join ranked on numbers.number % (select count(*) from ranked) = ranked.place;

insert into raw.tier_file (section, name, entry, read_at)
select 'target', target, json_object(
    'name', target, 'url', 'http://' || target || ':8000/metrics', 'engine', engine, 'devices', devices, 'device_kind', device_kind,
    'scrape_seconds', 15, 'model_map', json_object(model_name, hugging_face_id), 'families', json_array()
), $last_at::timestamptz
from targets
union all
values
('cost', 'Ascend 910B2', '{"device_kind": "Ascend 910B2", "capex_usd": "16000", "amortisation_years": 4, "opex_usd_per_hour": "0.35", "idle_watts": 90, "rated_watts": 400}'::json, $last_at::timestamptz),
('cost', 'H20', '{"device_kind": "H20", "capex_usd": "14000", "amortisation_years": 4, "opex_usd_per_hour": "0.40", "idle_watts": 80, "rated_watts": 400}'::json, $last_at::timestamptz),
('energy', '', '{"usd_per_kwh": "0.09", "pue": 1.25}'::json, $last_at::timestamptz),
('cluster', 'pod', '{"name": "pod", "targets": ["tier-00", "tier-01"], "alone_tokens_per_second": 60}'::json, $last_at::timestamptz),
('slo', '', '{"ttft_ms": 500, "tpot_ms": 50}'::json, $last_at::timestamptz),
('peak', 'Ascend 910B2', '{"device_kind": "Ascend 910B2", "dtype": "bf16", "tflops": 376, "bandwidth_gbps": 1600}'::json, $last_at::timestamptz),
('peak', 'H20', '{"device_kind": "H20", "dtype": "bf16", "tflops": 148, "bandwidth_gbps": 4000}'::json, $last_at::timestamptz);

update raw.tier_file set part = 'bf16' where section = 'peak';

-- Work of each target in each minute. Everything else follows from it, so that counters, histograms,
-- gauges and the log of requests agree.
create or replace temp table hours as
select
    hour_at, targets.*,
    1000 + hash(number, hour_at) % 2000 as prompt_each,
    (1000 + hash(number, hour_at) % 2000) * (hash(number, hour_at, 1) % 6) // 10 as cached_each,
    100 + hash(number, hour_at, 2) % 400 as generation_each,
    case when hash(number, hour_at, 3) % 20 > 0 then 6.6 + 3 * sin(hour(hour_at) * pi() / 12) else 0 end as level,
    hash(number, hour_at::date) % 10 = 0 and hour(hour_at) = hash(number, hour_at::date, 4) % 24 as has_outage
from (
    select unnest(generate_series($first_at::timestamptz, $last_at::timestamptz - interval 1 hour, interval 1 hour)) as hour_at
), targets
order by hour_at, number;

create or replace temp table minutes as
select
    hours.* exclude (level, has_outage),
    hour_at + to_minutes(minute) as minute_at,
    has_outage and minute between 20 and 26 as is_out,
    has_outage and minute = 27 as is_after,
    (case
        when level = 0 or (has_outage and minute between 20 and 26) then 0
        else floor(greatest(0, level + 2 * (chance({'n': number, 'h': hour_at, 'm': minute}) - 0.5)))
    end)::integer as requests
from hours, range(60) as numbers (minute);
