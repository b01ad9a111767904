-- One row per source, target, team, key, caller and model: what was used on the days of the window, and the latency of the newest
-- of them that has one.
select
    if(source = 'tier', 'our tier', 'gateway ' || target) as log, target, team, key_alias, caller, model_name,
    sum(requests)::bigint as requests, sum(failed_requests)::bigint as failed_requests,
    sum(prompt_tokens)::bigint as prompt_tokens, sum(cached_prompt_tokens)::bigint as cached_prompt_tokens,
    sum(completion_tokens)::bigint as completion_tokens,
    case when count(usd) = count(*) then sum(usd)::double end as usd, sum(usd_at_least)::double as usd_at_least,
    arg_max(ttft_p50_seconds, date) as ttft_p50_seconds, arg_max(ttft_p95_seconds, date) as ttft_p95_seconds,
    arg_max(e2e_p50_seconds, date) as e2e_p50_seconds, arg_max(e2e_p95_seconds, date) as e2e_p95_seconds,
    max(usd_reason) as usd_reason
from caller_usage_daily
where
    ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or date > (select max(date) from caller_usage_daily) - greatest($hours // 24, 1)::integer)
group by source, target, team, key_alias, caller, model_name
order by sum(total_tokens) desc, log, target, team, key_alias, caller, model_name
limit 200
