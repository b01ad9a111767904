-- One row per target and model of ours: the 24 hours to its newest, the cost of its newest whole figure, and the market's price of the same mix.
with hours as (
    select tokens.*, efficiency.usd_per_mtok, efficiency.usd_per_mtok_without_idle, efficiency.cost_reason
    from served_tokens_hourly as tokens
    left join local_efficiency_hourly as efficiency using (hour_at, target, model_name)
    where tokens.hour_at > (select max(hour_at) from served_tokens_hourly) - interval 24 hour
),

ours as (
    select
        target, model_name, max(hour_at) as newest_hour,
        sum(prompt_tokens)::bigint as prompt_tokens, sum(generation_tokens)::bigint as generation_tokens,
        sum(timed_generation_tokens) / nullif(sum(timed_seconds), 0) as tokens_per_second,
        sum(covered_seconds) as covered_seconds, sum(gap_minutes)::bigint as gap_minutes,
        max(hour_at) filter (where usd_per_mtok is not null) as cost_hour,
        arg_max(usd_per_mtok, hour_at)::double as usd_per_mtok,
        arg_max(usd_per_mtok_without_idle, hour_at)::double as usd_per_mtok_without_idle,
        arg_max(cost_reason, hour_at) as cost_reason
    from hours
    group by target, model_name
),

prices as (
    select model_id, date, kind, prompt_usd_per_mtok::double as prompt_usd, completion_usd_per_mtok::double as completion_usd
    from model_prices_daily
    qualify row_number() over (partition by model_id, kind order by date desc) = 1
),

mixed as (
    select
        ours.target, ours.model_name, max(prices.date) as price_date,
        min((prices.prompt_usd * prompt_tokens + prices.completion_usd * generation_tokens) / nullif(prompt_tokens + generation_tokens, 0))
            as market_usd_per_mtok_low,
        max((prices.prompt_usd * prompt_tokens + prices.completion_usd * generation_tokens) / nullif(prompt_tokens + generation_tokens, 0))
            as market_usd_per_mtok_high
    from ours
    inner join served_models as served using (target, model_name)
    inner join prices on served.model_id = prices.model_id
    group by all
)

select ours.*, served.model_family, mixed.price_date, mixed.market_usd_per_mtok_low, mixed.market_usd_per_mtok_high
from ours
left join served_models as served using (target, model_name)
left join mixed using (target, model_name)
order by ours.generation_tokens desc nulls last, ours.target, ours.model_name
