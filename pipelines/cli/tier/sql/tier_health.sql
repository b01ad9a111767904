-- One row per target of the tier that is not gone: if its last scrape succeeded, its last tokens, its
-- models with a market name, and its cost in its newest day. Each unknown has its reason.
with scraped as (
    select
        target,
        is_up,
        last_at as scraped_at,
        reason
    from scrape_outcomes_hourly
    where not is_of_devices
    qualify row_number() over (partition by target order by last_at desc) = 1
),

served as (
    select
        target,
        max(minute_at) as last_token_at
    from served_tokens_minutely
    where prompt_tokens > 0 or generation_tokens > 0
    group by target
),

named as (
    select
        target,
        count(*) as models,
        count(model_family) as mapped_models,
        string_agg(
            if(model_family is null, model_name || ': ' || reason, null), '; '
            order by model_name
        ) as mapping_reason
    from served_models
    group by target
),

-- The hour that has just begun may have no token yet.
recent as (
    select *
    from local_efficiency_hourly
    qualify hour_at > max(hour_at) over (partition by target) - interval 1 day
),

priced as (
    select
        target,
        hour_at as cost_hour_at,
        usd_per_mtok,
        cost_reason
    from recent
    qualify row_number() over (
        partition by target
        order by usd_per_mtok is null, hour_at desc, model_name
    ) = 1
)

select
    replicas.target,
    replicas.service,
    scraped.is_up,
    scraped.scraped_at,
    case when scraped.target is null then 'no scrape of it is published' else scraped.reason end
        as scrape_reason,
    served.last_token_at,
    coalesce(named.models, 0) as models,
    coalesce(named.mapped_models, 0) as mapped_models,
    named.mapping_reason,
    priced.cost_hour_at,
    priced.usd_per_mtok,
    case when priced.target is null then 'it has no hour with tokens' else priced.cost_reason end
        as cost_reason
from service_replicas as replicas
left join scraped
    using (target)
left join served
    using (target)
left join named
    using (target)
left join priced
    using (target)
where replicas.state <> 'gone'
order by replicas.service, replicas.target
