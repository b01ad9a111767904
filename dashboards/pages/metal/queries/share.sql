-- One row per day: our tokens over the market's of the same family; null where the market does not show the
-- family. The rank is that of a single target; covered_share of a service is that of its best covered one.
with ours as (
    select *
    from local_vs_market_daily
    where
        model_family = $family
        and (service = $who or target = $who and $who not in (select service from services))
)

select
    date, sum(local_tokens)::bigint as local_tokens, any_value(market_tokens) as market_tokens,
    sum(local_tokens) / nullif(any_value(market_tokens), 0) as local_to_market,
    if(count(*) = 1, any_value(would_rank), null) as would_rank, if(count(*) = 1, any_value(would_rank_at_least), null) as would_rank_at_least,
    any_value(market_tokens) / nullif(sum(market_tokens / days_of_capacity_per_market_day), 0) as days_of_capacity_per_market_day,
    max(covered_share) as covered_share, min(reason) as reason
from ours
group by date
order by date
