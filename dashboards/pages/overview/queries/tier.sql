-- One row per service and model of ours: the 24 hours to the newest, and the cost of its newest whole day's
-- tokens here and in the market.
with hours as (
    select *
    from service_efficiency_hourly
    where hour_at > (select max(hour_at) from service_efficiency_hourly) - interval 24 hour
),

ours as (
    select
        service, model_name, max(hour_at) as newest_hour,
        sum(prompt_tokens)::bigint as prompt_tokens, sum(generation_tokens)::bigint as generation_tokens,
        sum(tokens_per_second * timed_seconds) / nullif(sum(timed_seconds) filter (where tokens_per_second is not null), 0) as tokens_per_second,
        -- At most an hour of each: how long the service was covered, not its replicas together.
        sum(least(covered_share * replica_hours, 1)) * 3600 as covered_seconds, sum(gap_minutes)::bigint as gap_minutes
    from hours
    group by service, model_name
),

families as (
    select service, model_name, max(model_family) as model_family, min(reason) as reason
    from served_models
    group by service, model_name
),

-- Each family on its newest day with a cost of ours; a service may serve a family under several names, whose cost is one.
costs as (
    select
        model_family, service, date as cost_date, any_value(local_usd_per_mtok)::double as usd_per_mtok,
        any_value(local_usd_per_mtok_without_idle)::double as usd_per_mtok_without_idle, any_value(cost_reason) as cost_reason,
        min(coalesce(market_usd_per_mtok_low, market_usd_per_mtok))::double as market_usd_per_mtok_low,
        max(coalesce(market_usd_per_mtok_high, market_usd_per_mtok))::double as market_usd_per_mtok_high,
        any_value(price_reason) as price_reason
    from service_make_or_buy_daily
    group by model_family, service, date
    qualify row_number() over (partition by model_family, service order by usd_per_mtok is null, date desc) = 1
)

select
    ours.*, families.model_family, costs.* exclude (model_family, service),
    services.replicas_now, services.replicas_gone, services.gone_at,
    -- A model that was found keeps no reason here, or its note on the name would pass for one.
    case when families.model_family is null then families.reason end as market_reason
from ours
left join families using (service, model_name)
left join costs on families.model_family = costs.model_family and ours.service = costs.service
left join services on ours.service = services.service
order by ours.generation_tokens desc nulls last, ours.service, ours.model_name
