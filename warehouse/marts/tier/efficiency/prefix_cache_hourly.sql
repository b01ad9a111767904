-- One row per UTC hour, target and model with a prefix cache: tokens looked up in it, and found.
--
-- Servers that count look-ups are taken at their word: each prompt token is looked up on the device,
-- what it lacks beyond it. Of those that count only cached tokens (SGLang, TensorRT-LLM), all prompt
-- tokens were looked up.
with minutes as (
    select
        hour_at,
        target,
        model_name,
        minute_at,
        sum(growth) filter (where metric = 'prefix_queries') as queries,
        sum(growth) filter (where metric = 'prefix_hits') as hits,
        sum(growth) filter (where metric = 'external_prefix_hits') as beyond,
        sum(growth) filter (where metric = 'prompt_tokens') as prompt_tokens,
        sum(growth) filter (where metric = 'cached_prompt_tokens') as cached_tokens,
        -- SGLang writes "total" where it does not know the source.
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and coalesce(cache_source, 'total') = 'total'
        ) as unplaced_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source = 'device'
        ) as device_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source = 'host'
        ) as host_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source not in ('device', 'host', 'total')
        ) as storage_tokens,
        -- Our own server counts hits by tier where it looks them up, vLLM cached tokens by source.
        coalesce(
            sum(growth) filter (where metric = 'prefix_hits_by_tier' and cache_source = 'host'),
            sum(growth) filter (where metric = 'cached_prompt_tokens_by_source' and cache_source = 'host')
        ) as host_hits,
        coalesce(
            sum(growth) filter (
                where metric = 'prefix_hits_by_tier' and cache_source not in ('device', 'host')
            ),
            sum(growth) filter (
                where metric = 'cached_prompt_tokens_by_source' and cache_source not in ('device', 'host')
            )
        ) as storage_hits
    from {{ ref('stg_telemetry__counters') }}
    where
        metric in (
            'prefix_queries', 'prefix_hits', 'prefix_hits_by_tier', 'external_prefix_hits',
            'prompt_tokens', 'cached_prompt_tokens', 'cached_prompt_tokens_by_source'
        )
    group by all
),

hours as (
    select
        hour_at,
        target,
        model_name,
        sum(queries) as queries,
        sum(hits) as hits,
        sum(beyond) as beyond,
        -- A server that was replaced within the hour may count beyond the device in one part only.
        coalesce(sum(queries) filter (where beyond is null), 0) as queries_without_beyond,
        sum(prompt_tokens) as prompt_tokens,
        sum(cached_tokens) as cached_tokens,
        coalesce(sum(unplaced_tokens), 0) as unplaced_tokens,
        sum(device_tokens) as device_tokens,
        sum(host_tokens) as host_tokens,
        sum(storage_tokens) as storage_tokens,
        sum(host_hits) as host_hits,
        sum(storage_hits) as storage_hits
    from minutes
    group by all
),

with_method as (
    select
        *,
        case
            when queries > 0 then 'queries'
            when queries is null and cached_tokens is not null and prompt_tokens > 0
                then 'cached tokens'
        end as method
    from hours
),

counted as (
    select
        hour_at,
        target,
        model_name,
        method,
        case method when 'queries' then queries else prompt_tokens end as queries,
        case method when 'queries' then hits else cached_tokens end as hits,
        case method when 'queries' then hits else device_tokens end as device_hits,
        case method when 'queries' then host_hits else host_tokens end as host_hits,
        case method when 'queries' then storage_hits else storage_tokens end as storage_hits,
        case
            when method = 'queries' and hits is null then 'the server does not count what it found'
            -- A request that ends counts its cached tokens at once, its prompt may have grown before.
            when method = 'cached tokens' and cached_tokens > prompt_tokens
                then 'more cached tokens were counted than prompt tokens'
        end as reason,
        case
            when reason is not null then reason
            when method = 'cached tokens' and unplaced_tokens > 0
                then 'the server does not say where it found cached tokens'
            when method = 'queries' and beyond is null
                then 'the server does not count what it finds beyond the device'
            when method = 'queries' and queries_without_beyond > 0
                then 'what was found beyond the device is known for a part of the hour only'
            when method = 'queries' and hits + beyond > queries
                then 'more tokens were found than looked up'
        end as tiers_reason,
        case
            when tiers_reason is not null then null
            when method = 'queries' then beyond
            else cached_tokens - coalesce(device_tokens, 0)
        end as beyond_hits
    from with_method
    where method is not null
),

with_services as (
    select
        counted.*,
        coalesce(services.service, counted.target) as service
    from counted
    left join {{ ref('target_services_daily') }} as services
        on
            counted.target = services.target
            and {{ utc_date('counted.hour_at') }} = services.day
),

with_all as (
    select
        *,
        -- Cached tokens are those of all tiers, also where they are not distinguished.
        case
            when reason is not null then null
            when method = 'queries' then hits + beyond_hits
            else hits
        end as all_hits
    from with_services
)

select
    hour_at,
    target,
    model_name,
    round(queries)::bigint as queries,
    round(hits)::bigint as hits,
    case when reason is null then hits / queries end as hit_share,
    method,
    round(device_hits)::bigint as hits_from_device,
    round(host_hits)::bigint as hits_from_host,
    round(storage_hits)::bigint as hits_from_storage,
    reason,
    service,
    round(beyond_hits)::bigint as hits_beyond_device,
    round(all_hits)::bigint as hits_in_all,
    case
        when method = 'queries' then hits / queries
        else (all_hits - beyond_hits) / queries
    end as device_hit_share,
    beyond_hits / queries as beyond_device_hit_share,
    all_hits / queries as total_hit_share,
    tiers_reason
from with_all
order by hour_at, target, model_name
