-- One row per UTC day, model family and target: tokens and costs, ours beside the market's.
with ours as (
    select
        tokens.date,
        tokens.model_family,
        tokens.target,
        any_value(tokens.service) as service,
        any_value(tokens.author_slug) as author_slug,
        sum(tokens.total_tokens)::bigint as local_tokens,
        sum(tokens.prompt_tokens)::bigint as local_prompt_tokens,
        sum(tokens.generation_tokens)::bigint as local_generation_tokens,
        case
            when bool_and(tokens.cached_prompt_tokens is not null)
                then sum(tokens.cached_prompt_tokens)::bigint
        end as local_cached_prompt_tokens,
        min(tokens.reason) as local_reason,
        max(tokens.covered_share) as covered_share
    from {{ ref('local_tokens_daily') }} as tokens
    where tokens.model_family is not null
    group by all
),

-- Rank of our tokens among the day's listings; below the cutoff only a lower bound is known.
ranks as (
    select
        ours.date,
        ours.model_family,
        ours.target,
        count(*) filter (where market.total_tokens > ours.local_tokens) + 1 as rank
    from ours
    inner join {{ ref('market_tokens_daily') }} as market
        using (date)
    where not market.is_other
    group by all
),

bounds as (
    select
        make_or_buy.date,
        make_or_buy.model_family,
        make_or_buy.target,
        least(
            prices.prompt_usd_per_mtok, prices.completion_usd_per_mtok, prices.cached_usd_per_mtok
        ) as usd_low,
        greatest(
            prices.prompt_usd_per_mtok, prices.completion_usd_per_mtok, prices.cached_usd_per_mtok
        ) as usd_high,
        make_or_buy.break_even_load,
        make_or_buy.local_usd_per_mtok,
        make_or_buy.local_usd_per_mtok_without_idle,
        make_or_buy.capacity_tokens_per_second,
        make_or_buy.reason
    from {{ ref('make_or_buy_daily') }} as make_or_buy
    left join {{ ref('model_prices_daily') }} as prices
        using (date, model_id, kind)
    where make_or_buy.kind = 'list'
),

joined as (
    select
        ours.*,
        families.market_tokens,
        families.reason as market_reason,
        ranks.rank,
        days.cutoff_tokens,
        bounds.usd_low,
        bounds.usd_high,
        bounds.break_even_load,
        bounds.local_usd_per_mtok,
        bounds.local_usd_per_mtok_without_idle,
        bounds.reason as price_reason,
        round(costs.capacity_tokens_per_second * 86400)::bigint as local_capacity_tokens,
        costs.speed_reason
    from ours
    left join ranks
        using (date, model_family, target)
    left join {{ ref('market_days') }} as days
        using (date)
    left join bounds
        using (date, model_family, target)
    left join {{ ref('local_cost_daily') }} as costs
        using (date, target)
    left join {{ ref('local_vs_market_grains_daily') }} as families
        on
            ours.date = families.date
            and ours.model_family = families.member
            and ours.target = families.target
            and families.grain = 'family'
)

select
    date,
    model_family,
    target,
    author_slug,
    local_tokens,
    local_prompt_tokens,
    local_generation_tokens,
    local_cached_prompt_tokens,
    market_tokens,
    coalesce(market_reason = 'below the cutoff of the day', false) as market_is_below_cutoff,
    cutoff_tokens,
    local_tokens / nullif(market_tokens, 0) as local_to_market,
    local_tokens / nullif(local_tokens + market_tokens, 0) as local_share,
    case when local_tokens >= cutoff_tokens then rank end as would_rank,
    rank as would_rank_at_least,
    local_usd_per_mtok,
    local_usd_per_mtok_without_idle,
    usd_low as market_usd_per_mtok_low,
    usd_high as market_usd_per_mtok_high,
    break_even_load,
    local_capacity_tokens,
    market_tokens / nullif(local_capacity_tokens, 0) as days_of_capacity_per_market_day,
    covered_share,
    coalesce(local_reason, market_reason) as reason,
    speed_reason as capacity_reason,
    price_reason,
    service
from joined
order by date, model_family, target
