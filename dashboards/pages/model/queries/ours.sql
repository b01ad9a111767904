-- One row per service and model of ours in the family: its newest hour with tokens, and its newest day beside
-- the market's tokens and price.
with busy as (
    select hour_at, service, model_name, sum(busy_share * timed_seconds) / nullif(sum(timed_seconds) filter (where busy_share is not null), 0) as busy_share
    from local_efficiency_hourly
    group by all
),

hours as (
    select
        service, model_name, efficiency.hour_at, efficiency.generation_tokens, efficiency.tokens_per_second, efficiency.joules_per_token,
        busy.busy_share, coalesce(if(tokens_per_second is null, efficiency.speed_reason, null), efficiency.energy_reason) as reason
    from service_efficiency_hourly as efficiency
    inner join (select distinct service, model_name from served_models where model_family = $family) as models using (service, model_name)
    left join busy using (hour_at, service, model_name)
    qualify row_number() over (
        partition by service, model_name order by coalesce(efficiency.generation_tokens, 0) = 0, efficiency.hour_at desc
    ) = 1
),

costs as (
    select
        service, date as cost_date, any_value(local_usd_per_mtok)::double as usd_per_mtok,
        any_value(local_usd_per_mtok_without_idle)::double as usd_per_mtok_without_idle, any_value(cost_reason) as cost_reason,
        min(coalesce(market_usd_per_mtok_low, market_usd_per_mtok))::double as market_usd_per_mtok_low,
        max(coalesce(market_usd_per_mtok_high, market_usd_per_mtok))::double as market_usd_per_mtok_high,
        any_value(price_reason) as price_reason
    from service_make_or_buy_daily
    where model_family = $family
    group by service, date
    qualify row_number() over (partition by service order by usd_per_mtok is null, date desc) = 1
),

shares as (
    select
        service, date as share_date, sum(local_tokens)::bigint as local_tokens, any_value(market_tokens) as market_tokens,
        sum(local_tokens) / nullif(sum(local_tokens) + any_value(market_tokens), 0) as local_share, min(reason) as share_reason
    from local_vs_market_daily
    where model_family = $family
    group by service, date
    qualify row_number() over (partition by service order by date desc) = 1
)

from hours
left join costs using (service)
left join shares using (service)
order by generation_tokens desc nulls last, service, model_name
