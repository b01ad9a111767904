-- One row per week and member: its share of tokens beside its share of spend at list price, the largest members of
-- the period.
with counted as (
    select *
    from market_spend_weekly
    where attribution = $attribution and dimension = $dimension and week_start >= $first and week_start <= $last
)

select
    week_start, member, tokens, share, spend_share, spend_share_low, spend_share_high, spend_usd_low, spend_usd_high, spend_reason
from counted
where member in (select member from counted where member <> 'unknown' group by member order by sum(tokens) desc limit $most)
order by week_start, member
