-- One row per ISO week, attribution, dimension and member: tokens and their list price.
--
-- The market does not publish how many tokens were prompts, so spend is bounded: all tokens at the
-- lower of the two prices, or all at the higher. A model without a price costs between nothing and
-- the highest price of the day. The price is that of the day, or of the nearest earlier day with
-- one. Discounts and cached tokens are not known, so this is not revenue.
with prices as (
    select
        date,
        model_id,
        least(prompt_usd_per_mtok, completion_usd_per_mtok)::double as usd_low,
        greatest(prompt_usd_per_mtok, completion_usd_per_mtok)::double as usd_high
    from {{ ref('model_prices_daily') }}
    where kind = 'list'
),

dearest as (
    select
        date,
        max(usd_high) as usd_high
    from prices
    group by date
),

priced as (
    select
        days.*,
        case when days.is_free then 0 else prices.usd_low end as usd_low,
        case when days.is_free then 0 else prices.usd_high end as usd_high
    from {{ ref('member_days') }} as days
    asof left join prices
        on
            days.model_id = prices.model_id
            and days.date >= prices.date
    where days.tokens > 0
),

bounded as (
    select
        priced.*,
        priced.usd_low is not null as is_priced,
        dearest.usd_high as dearest_usd
    from priced
    asof left join dearest
        on priced.date >= dearest.date
),

members as (
    select
        week_start,
        attribution,
        dimension,
        member,
        sum(tokens)::bigint as tokens,
        coalesce(sum(tokens) filter (where is_free), 0)::bigint as free_tokens,
        coalesce(sum(tokens) filter (where is_priced), 0)::bigint as priced_tokens,
        coalesce(sum(tokens * usd_low) filter (where is_priced), 0) / 1e6 as low,
        -- Before the first price ever seen there is no highest price, and so no upper bound.
        sum(tokens * coalesce(usd_high, dearest_usd)) / 1e6 as high,
        bool_and(coalesce(usd_high, dearest_usd) is not null) as has_high,
        sum(tokens * (usd_low + usd_high) / 2) filter (where is_priced) / 1e6 as middle
    from bounded
    group by all
),

totals as (
    select
        *,
        sum(tokens) over whole as all_tokens,
        sum(tokens - free_tokens) over whole as all_paid_tokens,
        sum(low) over whole as all_low,
        sum(high) over whole as all_high,
        sum(middle) over whole as all_middle,
        bool_and(has_high) over whole as all_have_high
    from members
    window whole as (partition by week_start, attribution, dimension)
)

select
    week_start,
    attribution,
    dimension,
    member,
    tokens,
    tokens / all_tokens as share,
    low as spend_usd_low,
    case when has_high then high end as spend_usd_high,
    -- An estimate: half of the tokens at either price, where a price is known.
    middle / nullif(all_middle, 0) as spend_share,
    case when all_have_high then low / nullif(low + all_high - high, 0) end as spend_share_low,
    case when all_have_high then high / nullif(high + all_low - low, 0) end as spend_share_high,
    (tokens - free_tokens) / nullif(all_paid_tokens, 0) as share_without_free,
    priced_tokens / tokens as priced_share,
    free_tokens
from totals
order by week_start, attribution, dimension, tokens desc
