-- One row per leading family and day on which its price was another than the day before: list price of its cheapest
-- listing that is not free, three parts prompt to one part completion, with both ends where sources differ.
with quarters as (
    select model_family, sum(total_tokens) / sum(sum(total_tokens)) over (partition by date_trunc('quarter', date)) as share
    from market_tokens_daily
    where not is_other and not is_free and date between $first and $last
    group by model_family, date_trunc('quarter', date)
),

-- Those that once led, not only those that lead now.
leaders as (
    select model_family, max(share) as share
    from quarters
    group by model_family
    order by share desc
    limit $most
),

listings as (
    select distinct models.model_id, leaders.model_family, leaders.share
    from models
    inner join leaders using (model_family)
    where models.model_id is not null
),

days as (
    select
        prices.date, listings.model_family as member, any_value(listings.share) as best_share,
        min(0.75 * prices.prompt_usd_per_mtok + 0.25 * prices.completion_usd_per_mtok)::double as usd,
        min(0.75 * prices.prompt_usd_per_mtok_low + 0.25 * prices.completion_usd_per_mtok_low)::double as usd_low,
        min(0.75 * prices.prompt_usd_per_mtok_high + 0.25 * prices.completion_usd_per_mtok_high)::double as usd_high,
        string_agg(distinct prices.citation, '; ') as citation, string_agg(distinct prices.licence, '; ') as licence
    from model_prices_daily as prices
    inner join listings using (model_id)
    where prices.kind = 'list' and not prices.is_free and prices.date between $first and $last
    group by all
)

select *, coalesce(lead(date) over by_member <> date + 1, true) as is_end
from days
window by_member as (partition by member order by date)
qualify
    (usd, usd_low, usd_high) is distinct from lag((usd, usd_low, usd_high)) over by_member
    or coalesce(lag(date) over by_member <> date - 1, true)
    or coalesce(lead(date) over by_member <> date + 1, true)
order by best_share desc, member, date
