-- One row per UTC hour, target and model with a prefix cache: tokens looked up in it, and found.
--
-- Servers that count look-ups are taken at their word. Of those that count only cached tokens
-- (SGLang, TensorRT-LLM), all prompt tokens were looked up.
with hours as (
    select
        hour_at,
        target,
        model_name,
        sum(growth) filter (where metric = 'prefix_queries') as queries,
        sum(growth) filter (where metric = 'prefix_hits') as hits,
        sum(growth) filter (where metric = 'prompt_tokens') as prompt_tokens,
        sum(growth) filter (where metric = 'cached_prompt_tokens') as cached_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source = 'device'
        ) as device_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source = 'host'
        ) as host_tokens,
        sum(growth) filter (
            where metric = 'cached_prompt_tokens' and cache_source not in ('device', 'host')
        ) as storage_tokens
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('prefix_queries', 'prefix_hits', 'prompt_tokens', 'cached_prompt_tokens')
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

with_services as (
    select
        with_method.*,
        coalesce(services.service, with_method.target) as service
    from with_method
    left join {{ ref('target_services_daily') }} as services
        on
            with_method.target = services.target
            and {{ utc_date('with_method.hour_at') }} = services.day
)

select
    hour_at,
    target,
    model_name,
    round(case method when 'queries' then queries else prompt_tokens end)::bigint as queries,
    round(case method when 'queries' then hits else cached_tokens end)::bigint as hits,
    -- A request that ends counts its cached tokens at once, its prompt may have grown before.
    case
        when method = 'queries' then hits / queries
        when cached_tokens <= prompt_tokens then cached_tokens / prompt_tokens
    end as hit_share,
    method,
    round(device_tokens)::bigint as hits_from_device,
    round(host_tokens)::bigint as hits_from_host,
    round(storage_tokens)::bigint as hits_from_storage,
    case
        when method = 'queries' and hits is null then 'the server does not count what it found'
        when method = 'cached tokens' and cached_tokens > prompt_tokens
            then 'more cached tokens were counted than prompt tokens'
    end as reason,
    service
from with_services
where method is not null
order by hour_at, target, model_name
