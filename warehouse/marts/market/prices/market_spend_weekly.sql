-- One row per ISO week, attribution, dimension and member: tokens and their list price.
--
-- The market does not publish how many tokens were prompts, so spend is bounded: all tokens at the
-- lower of the two prices, or all at the higher. The price is that of the day, or one carried for a
-- while; a model without one is bounded by comparable models of the week, and spend_method says how.
-- Discounts of single customers and cached tokens are not known, so this is not revenue.
with bounded as (
    select
        days.week_start,
        days.attribution,
        days.dimension,
        days.member,
        days.tokens,
        bounds.is_free,
        bounds.is_priced,
        bounds.usd_low,
        bounds.usd_high,
        bounds.price_age_days,
        bounds.method
    from {{ ref('member_days') }} as days
    inner join {{ ref('ranked_price_bounds_daily') }} as bounds
        using (date, model_permaslug)
    where days.tokens > 0
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
        sum(tokens * usd_low) / 1e6 as low,
        -- In a week without a single price there is nothing to compare, and so no upper bound.
        sum(tokens * usd_high) / 1e6 as high,
        bool_and(usd_high is not null) as has_high,
        string_agg(distinct method, '; ' order by method) as methods,
        max(price_age_days) as price_age_days,
        coalesce(sum(tokens) filter (where not is_priced and usd_high is not null), 0)::bigint
            as compared_tokens,
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
    -- Nothing is no bound of what is not known.
    case when has_high or low > 0 then low end as spend_usd_low,
    case when has_high then high end as spend_usd_high,
    -- An estimate: half of the tokens at either price, where a price is known.
    middle / nullif(all_middle, 0) as spend_share,
    case when all_have_high then low / nullif(low + all_high - high, 0) end as spend_share_low,
    case when all_have_high then high / nullif(high + all_low - low, 0) end as spend_share_high,
    (tokens - free_tokens) / nullif(all_paid_tokens, 0) as share_without_free,
    priced_tokens / tokens as priced_share,
    free_tokens,
    compared_tokens / tokens as compared_share,
    price_age_days as max_price_age_days,
    methods as spend_method,
    case
        when not has_high then 'no price of this week is known to compare with'
        when not all_have_high
            then 'the spend of others is not bounded, since no price of the week is known'
        when all_middle is null then 'no model of the week has an own price'
        when all_high = 0 then 'all models of the week were free'
        when middle is null then 'none of its models has an own price'
        when all_middle = 0 then 'all models of the week with a price were free'
        when all_paid_tokens = 0 then 'all models of the week were free'
        when low + all_high - high = 0 or high + all_low - low = 0
            then 'all spend of the week may have been nothing, so there is no share of it'
    end as spend_reason
from totals
order by week_start, attribution, dimension, tokens desc
