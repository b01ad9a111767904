-- One row per week and member: the least and the most that a million of its tokens cost at list price, the largest
-- members of the period and all named models together. Null where no price is known to compare with.
with counted as (
    select
        week_start, member, tokens - case when $free = 'without' then free_tokens else 0 end as tokens, spend_usd_low, spend_usd_high,
        tokens as all_tokens, priced_share * tokens as priced_tokens
    from market_spend_weekly
    where attribution = $attribution and dimension = $dimension and week_start >= $first and week_start <= $last
),

largest as (
    select member
    from counted
    where member <> 'unknown'
    group by member
    order by sum(all_tokens) desc
    limit $most
),

members as (
    select * from counted where member in (select member from largest)
    union all by name
    select
        week_start, 'all models' as member, sum(tokens) as tokens, case when count(spend_usd_low) = count(*) then sum(spend_usd_low) end as spend_usd_low,
        case when count(spend_usd_high) = count(*) then sum(spend_usd_high) end as spend_usd_high, sum(all_tokens) as all_tokens,
        sum(priced_tokens) as priced_tokens
    from counted
    group by week_start
)

select
    week_start, member, all_tokens::bigint as tokens, 1e6 * spend_usd_low / nullif(tokens, 0) as usd_low, 1e6 * spend_usd_high / nullif(tokens, 0) as usd_high,
    (usd_low + usd_high) / 2 as usd_middle, priced_tokens / all_tokens as priced_share, $dimension as dimension, $attribution as attribution
from members
order by week_start, member
