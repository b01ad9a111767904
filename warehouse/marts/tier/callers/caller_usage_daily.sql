-- One row per UTC day, source, target, team, key alias, caller and model: what was used of what.
--
-- A day is that on which requests came. `tier` is our own servers' log, `gateway` the spend log of
-- one in front of servers, ours among them perhaps: then the same request is in both, and only
-- caller_shared_daily tells which. So the two are never added here.
with requests as (
    select
        {{ utc_date('arrival_at') }} as date,
        'tier' as source,
        target,
        team,
        key_alias,
        caller,
        model_name,
        outcome <> 'finished' as is_failed,
        false as is_cache_hit,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        0::double as usd,
        ttft_seconds,
        e2e_seconds
    from {{ ref('stg_telemetry__requests') }}
    union all
    select
        {{ utc_date('started_at') }} as date,
        'gateway' as source,
        gateway as target,
        team,
        key_alias,
        caller,
        model_name,
        is_failure as is_failed,
        is_cache_hit,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        usd,
        ttft_seconds,
        e2e_seconds
    from {{ ref('stg_gateways__spend') }}
),

summed as (
    select
        date,
        source,
        target,
        team,
        key_alias,
        caller,
        model_name,
        count(*) as requests,
        count(*) filter (where is_failed) as failed_requests,
        count(*) filter (where is_cache_hit) as cache_hits,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(completion_tokens)::bigint as completion_tokens,
        sum(prompt_tokens + completion_tokens)::bigint as total_tokens,
        (sum(cached_tokens) filter (where prompt_tokens > 0))::bigint as cached_tokens,
        bool_or(prompt_tokens > 0 and cached_tokens is null) as is_cache_unknown,
        sum(usd) as logged_usd,
        -- The log has 0 both for what is free and for what it knows no price of.
        count(*) filter (
            where
            prompt_tokens + completion_tokens > 0
            and usd = 0
            and not is_failed
            and not is_cache_hit
        ) as unpriced,
        quantile_cont(ttft_seconds, [0.5, 0.95]) as ttft,
        quantile_cont(e2e_seconds, [0.5, 0.95]) filter (where not is_failed) as e2e
    from requests
    group by all
),

with_cost as (
    select
        summed.*,
        case
            when summed.source = 'gateway' then summed.logged_usd
            else summed.total_tokens * cost.usd_per_mtok::double / 1e6
        end as known_usd,
        case
            when summed.source = 'gateway' and summed.unpriced > 0
                then
                    format(
                        'the log has no cost of {:d} of {:d} requests',
                        summed.unpriced,
                        summed.requests
                    )
            when summed.source = 'tier' and cost.usd_per_mtok is null
                then coalesce(cost.reason, 'the target was not scraped on this day')
        end as usd_reason,
        coalesce(services.service, summed.target) as service
    from summed
    left join {{ ref('local_cost_daily') }} as cost
        on
            summed.target = cost.target
            and summed.date = cost.date
    left join {{ ref('target_services_daily') }} as services
        on
            summed.target = services.target
            and summed.date = services.day
)

select
    date,
    source,
    target,
    team,
    key_alias,
    caller,
    model_name,
    requests,
    failed_requests,
    cache_hits,
    prompt_tokens,
    case when not is_cache_unknown then coalesce(cached_tokens, 0) end as cached_prompt_tokens,
    case when is_cache_unknown then 'the log does not say which tokens were cached' end
        as cached_reason,
    completion_tokens,
    total_tokens,
    (case when usd_reason is null then known_usd end)::decimal(24, 9) as usd,
    coalesce(known_usd, 0)::decimal(24, 9) as usd_at_least,
    usd_reason,
    ttft[1] as ttft_p50_seconds,
    ttft[2] as ttft_p95_seconds,
    case
        when ttft is not null then null
        when source = 'gateway' then 'no answer was streamed'
        else 'no request got a token'
    end as ttft_reason,
    e2e[1] as e2e_p50_seconds,
    e2e[2] as e2e_p95_seconds,
    case when e2e is null then 'no request was finished' end as e2e_reason,
    service
from with_cost
order by date, source, target, team, key_alias, caller, model_name
