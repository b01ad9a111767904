-- One row per target and model of ours in the family: its newest hour with tokens, and its newest day
-- beside the market's tokens and price.
with hours as (
    select
        target, model_name, efficiency.hour_at, tokens.generation_tokens, efficiency.tokens_per_second, efficiency.joules_per_token,
        efficiency.busy_share, coalesce(efficiency.speed_reason, efficiency.energy_reason) as reason
    from local_efficiency_hourly as efficiency
    inner join served_models using (target, model_name)
    left join served_tokens_hourly as tokens using (hour_at, target, model_name)
    where served_models.model_family = $family
    qualify row_number() over (
        partition by target, model_name order by coalesce(tokens.generation_tokens, 0) = 0, efficiency.hour_at desc
    ) = 1
),

costs as (
    select
        target, date as cost_date, any_value(local_usd_per_mtok)::double as usd_per_mtok,
        any_value(local_usd_per_mtok_without_idle)::double as usd_per_mtok_without_idle, any_value(cost_reason) as cost_reason,
        min(coalesce(market_usd_per_mtok_low, market_usd_per_mtok))::double as market_usd_per_mtok_low,
        max(coalesce(market_usd_per_mtok_high, market_usd_per_mtok))::double as market_usd_per_mtok_high,
        any_value(price_reason) as price_reason
    from make_or_buy_daily
    where model_family = $family
    group by target, date
    qualify row_number() over (partition by target order by usd_per_mtok is null, date desc) = 1
),

shares as (
    select target, date as share_date, local_tokens, market_tokens, local_share, reason as share_reason
    from local_vs_market_daily
    where model_family = $family
    qualify row_number() over (partition by target order by date desc) = 1
)

from hours
left join costs using (target)
left join shares using (target)
order by target, model_name
