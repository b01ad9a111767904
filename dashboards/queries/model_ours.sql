-- One row per target of ours that serves the family, in its newest hour: how fast, at what cost, and what the market asks for the same mix.
with newest as (
    select efficiency.*, tokens.prompt_tokens, tokens.generation_tokens
    from local_efficiency_hourly as efficiency
    inner join served_models using (target, model_name)
    left join served_tokens_hourly as tokens using (hour_at, target, model_name)
    where served_models.model_family = $family
    qualify row_number() over (partition by target, model_name order by efficiency.hour_at desc) = 1
),

prices as (
    select model_id, prompt_usd_per_mtok::double as prompt_usd, completion_usd_per_mtok::double as completion_usd
    from model_prices_daily
    qualify row_number() over (partition by model_id, kind order by date desc) = 1
)

select
    newest.target, newest.model_name, newest.hour_at, newest.generation_tokens, newest.tokens_per_second,
    newest.joules_per_token, newest.usd_per_mtok::double as usd_per_mtok, newest.usd_per_mtok_without_idle::double as usd_per_mtok_without_idle,
    newest.busy_share, coalesce(newest.cost_reason, newest.energy_reason, newest.speed_reason) as reason,
    min((prices.prompt_usd * prompt_tokens + prices.completion_usd * generation_tokens) / nullif(prompt_tokens + generation_tokens, 0))
        as market_usd_per_mtok_low,
    max((prices.prompt_usd * prompt_tokens + prices.completion_usd * generation_tokens) / nullif(prompt_tokens + generation_tokens, 0))
        as market_usd_per_mtok_high
from newest
left join served_models using (target, model_name)
left join prices on served_models.model_id = prices.model_id
group by all
order by newest.target, newest.model_name
