-- One row per member: its share of tokens beside its share of spend at list price, in the
-- newest whole week up to the period's end that has prices.
select
    week_start, member, share, spend_share, spend_share_low, spend_share_high, share_without_free, priced_share, tokens, free_tokens,
    $dimension as dimension, $attribution as attribution
from market_spend_weekly
where
    attribution = $attribution and dimension = $dimension
    and week_start = (
        select max(spend.week_start)
        from market_spend_weekly as spend
        inner join market_share_weekly as weeks on spend.week_start = weeks.week_start and weeks.is_whole_week
        where spend.priced_share > 0 and spend.week_start + 6 <= $last
    )
order by tokens desc
limit 12
