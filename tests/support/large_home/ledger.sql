-- Facts of all minutes in the ledger, every counter that the marts read among them.
create or replace temp table counted as
select * from (values
    ('prompt_tokens', '', 1), ('generation_tokens', '', 1), ('cached_prompt_tokens', '', 1), ('preemptions', '', 1),
    ('requests_finished', 'reason="stop"', 1), ('requests_finished', 'reason="length"', 1), ('requests_finished', 'reason="abort"', 1),
    ('prefix_queries', '', 1), ('prefix_hits', '', 1), ('estimated_flops', '', 1), ('estimated_read_bytes', '', 1),
    ('prompt_tokens_by_source', 'source="local_compute"', 1), ('prompt_tokens_by_source', 'source="local_cache_hit"', 1),
    ('drafts', '', 4), ('draft_tokens', '', 4), ('accepted_tokens', '', 4), ('accepted_tokens_at', 'position="0"', 4),
    ('accepted_tokens_at', 'position="1"', 4), ('accepted_tokens_at', 'position="2"', 4)
) as counted (metric, more, every)
union all
select 'expert_tokens', format('expert="{}",layer="{}"', expert, layer), 16 from range(4) as experts (expert), range(2) as layers (layer)
union all
select metric, 'schedule="' || schedule || '"', 16
from (values ('expert_rows'), ('expert_compute_seconds'), ('expert_dispatch_seconds'), ('expert_combine_seconds'),
    ('expert_exposed_wait_seconds'), ('expert_layer_seconds')) as metrics (metric),
    (values ('serial'), ('waves')) as schedules (schedule);

insert into ledger.counter_minutes by name
select
    target, model_name, null as device, metric, 'engine="0"' || case when more = '' then '' else ',' || more end as labels, minute_at, hour_at,
    (case metric
        when 'prompt_tokens' then requests * prompt_each
        when 'generation_tokens' then requests * generation_each
        when 'cached_prompt_tokens' then requests * cached_each
        when 'preemptions' then 0
        when 'requests_finished' then case more when 'reason="stop"' then requests - requests // 4 when 'reason="length"' then requests // 4 else 0 end
        when 'prefix_queries' then requests * prompt_each
        when 'prefix_hits' then requests * cached_each
        when 'estimated_flops' then requests * (prompt_each + generation_each) * 1e11
        when 'estimated_read_bytes' then requests * generation_each * 3e9
        when 'prompt_tokens_by_source' then requests * case more when 'source="local_cache_hit"' then cached_each else prompt_each - cached_each end
        when 'drafts' then requests * (generation_each // 3)
        when 'draft_tokens' then requests * (generation_each // 3) * 3
        when 'accepted_tokens' then requests * (generation_each // 3 * 3 // 2)
        when 'accepted_tokens_at' then requests * (generation_each // case more when 'position="0"' then 4 when 'position="1"' then 6 else 12 end)
        when 'expert_tokens' then requests * (generation_each // (3 + (hash(more) % 3)::bigint))
        when 'expert_rows' then requests * generation_each
        else requests * generation_each * case metric
            when 'expert_layer_seconds' then case more when 'schedule="serial"' then 4e-5 else 2.5e-5 end
            when 'expert_compute_seconds' then 2e-5 when 'expert_exposed_wait_seconds' then 5e-6 else 1e-5
        end
    end)::double as growth,
    (is_after and hash(number, hour_at) % 2 = 0)::bigint as resets
from minutes, counted
where number % every = 0 and not is_out;

insert into ledger.gauge_minutes by name
select
    target, model_name, null as device, metric, 'engine="0"' as labels, minute_at, hour_at, value as mean_value, 0 as least_value,
    ceil(2 * value) as most_value, value as last_value, 4 as samples
from minutes, (values ('requests_running', 0.4), ('requests_waiting', 0.05), ('cache_usage', 0.05)) as gauges (metric, part),
    lateral (select (requests * part)::double as value)
where not is_out;

insert into ledger.gauge_minutes by name
select
    target, null as model_name, device::varchar as device, metric, 'scope="device"' as labels, minute_at, hour_at, value as mean_value,
    value as least_value, value as most_value, value as last_value, 4 as samples
from minutes, range(2) as places (device),
    (values ('power_watts'), ('utilisation'), ('memory_used_bytes'), ('memory_total_bytes')) as gauges (metric),
    lateral (select (case metric
        when 'power_watts' then 90 + 25 * requests when 'utilisation' then requests / 12 when 'memory_used_bytes' then 5e10 + requests * 1e8
        else 64e9
    end)::double as value)
where device < devices and not is_out;

insert into ledger.coverage_minutes by name
select
    target, minute_at, hour_at, case when is_out then 0 else 60 end as covered_seconds, 4 as scrapes,
    case when is_out then 4 else 0 end as failed_scrapes
from minutes;

insert into ledger.scrapes by name
select
    target, minute_at + to_seconds(15 * place) as scraped_at, not is_out as is_up, case when is_out then 'refused' end as reason,
    $first_at::timestamptz as started_at, case when is_after and place = 0 then 435 else 15 end as seconds_since_last,
    is_out or (is_after and place = 0) as is_gap
from minutes, range(4) as places (place);

create or replace temp table served_hours as
select
    target, model_name, hour_at, number, sum(requests) as requests, sum(requests * prompt_each) as prompt_tokens,
    sum(requests * generation_each) as generation_tokens, any_value(devices) as devices, count(*) filter (where is_out) as minutes_out
from minutes
group by all
order by hour_at, number;

create or replace temp table observed as
select
    hours.*, metric,
    case metric when 'itl_seconds' then generation_tokens - requests else requests end as observations,
    case metric
        when 'request_prompt_tokens' then prompt_tokens when 'request_generation_tokens' then generation_tokens else exp(middle) * requests * 1.1
    end as total,
    case metric when 'request_prompt_tokens' then ln(2000) when 'request_generation_tokens' then ln(300) else middle + 0.6 * chance({'n': number, 'h': hour_at}) - 0.3 end as middle,
    metric like 'request%' as is_of_tokens
from served_hours as hours, (values
    ('ttft_seconds', -1.2), ('tpot_seconds', -3.8), ('itl_seconds', -3.8), ('e2e_seconds', 2.0), ('queue_seconds', -3.0),
    ('request_prompt_tokens', 0), ('request_generation_tokens', 0)
) as metrics (metric, middle);

insert into ledger.histogram_hours by name
select
    target, model_name, metric, 'engine="0"' as labels, hour_at, 'bucket' as part, le,
    case when isinf(le) then observations else floor(observations / (1 + exp((middle - ln(le)) / 0.5))) end::double as growth
from observed, (values
    (false, [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560, 'inf'::double]),
    (true, [1.0, 10, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 'inf'::double])
) as ends (is_of_tokens, ends), lateral (select unnest(ends.ends) as le)
where observed.is_of_tokens = ends.is_of_tokens;

insert into ledger.histogram_hours by name
select target, model_name, metric, 'engine="0"' as labels, hour_at, part, null as le, case part when 'count' then observations else total end as growth
from observed, (values ('count'), ('sum')) as parts (part);

insert into ledger.energy_hours by name
select
    target, device::varchar as device, hour_at, 90.0 * (3600 - 60 * minutes_out) + 25 * 60 * requests as joules,
    3600.0 - 60 * minutes_out as covered_seconds, case when minutes_out > 0 then 435 else 15 end as largest_gap_seconds,
    240 - 4 * minutes_out as power_samples, 'measured' as provenance
from served_hours, range(2) as places (device)
where device < devices;

insert into ledger.stack_hours by name
select
    target, engine, 'build_info' as metric, format('dtype="bf16",version="0.{}"', 10 + dense_rank() over (order by date_trunc('month', hour_at))) as labels,
    hour_at, hour_at as first_at, hour_at + interval 59 minute as last_at
from hours;

insert into raw.request_events by name
select
    'large-home' as segment_id, target, format('{}-{:x}-{}', number, epoch_ms(minute_at) // 60000, place) as request_id, model_name as model,
    arrival_at, first_token_at, first_token_at + to_microseconds(((generation_each - 1) * (1e4 + 2e4 * chance({'a': arrival_at, 'n': 2})))::bigint) as last_token_at,
    prompt_each as prompt_tokens, cached_each as cached_tokens, generation_each as completion_tokens, 0 as draft_tokens, 0 as accepted_tokens,
    'finished' as outcome, 'stop' as finish_reason, device_kind as device,
    format('caller-{:016x}', place % 5) as caller, format('team-{:016x}', place % 2) as team, null as key_alias
from (from minutes where engine = 'tokentide' and requests > 0) as busy, lateral (select unnest(range(requests)) as place),
    lateral (select minute_at + to_microseconds((4e6 * place + 3e6 * chance({'m': minute_at, 'n': number, 'p': place}))::bigint) as arrival_at),
    lateral (select arrival_at + to_microseconds((5e4 + 8e5 * chance({'a': arrival_at, 'n': number}))::bigint) as first_token_at);

-- A gateway in front of a target passed every third request on, for a team with a key.
insert into raw.spend_events by name
select
    'large-home' as segment_id, 'litellm' as gateway, request_id, 'acompletion' as call_type, 'large' as model, 'openai' as provider,
    arrival_at - interval 5 milliseconds as started_at, first_token_at, last_token_at + interval 5 milliseconds as ended_at,
    prompt_tokens, cached_tokens, completion_tokens, 2e-6 * prompt_tokens + 8e-6 * completion_tokens as usd,
    false as is_cache_hit, false as is_failure, caller, team, 'key-of-' || team as key_alias
from raw.request_events
where request_id like '%-0' and last_token_at is not null;
