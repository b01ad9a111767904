-- One row per target and model of ours: the 24 hours to the newest, and the cost of its newest whole
-- day's tokens here and in the market.
with hours as (
    select *
    from served_tokens_hourly
    where hour_at > (select max(hour_at) from served_tokens_hourly) - interval 24 hour
),

ours as (
    select
        target, model_name, max(hour_at) as newest_hour,
        sum(prompt_tokens)::bigint as prompt_tokens, sum(generation_tokens)::bigint as generation_tokens,
        sum(timed_generation_tokens) / nullif(sum(timed_seconds), 0) as tokens_per_second,
        sum(covered_seconds) as covered_seconds, sum(gap_minutes)::bigint as gap_minutes
    from hours
    group by target, model_name
),

-- Each family on its newest day with a cost of ours; a target may serve a family under several names, whose cost is one.
costs as (
    select
        model_family, target, date as cost_date, any_value(local_usd_per_mtok)::double as usd_per_mtok,
        any_value(local_usd_per_mtok_without_idle)::double as usd_per_mtok_without_idle, any_value(cost_reason) as cost_reason,
        min(coalesce(market_usd_per_mtok_low, market_usd_per_mtok))::double as market_usd_per_mtok_low,
        max(coalesce(market_usd_per_mtok_high, market_usd_per_mtok))::double as market_usd_per_mtok_high,
        any_value(price_reason) as price_reason
    from make_or_buy_daily
    group by model_family, target, date
    qualify row_number() over (partition by model_family, target order by usd_per_mtok is null, date desc) = 1
)

select
    ours.*, served.model_family, costs.* exclude (model_family, target),
    -- A model that was found keeps no reason here, or its note on the name would pass for one.
    case when served.model_family is null then served.reason end as market_reason
from ours
left join served_models as served using (target, model_name)
left join costs on served.model_family = costs.model_family and ours.target = costs.target
order by ours.generation_tokens desc nulls last, ours.target, ours.model_name
