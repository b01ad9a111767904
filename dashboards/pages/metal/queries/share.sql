-- One row per day: our tokens over the market's of the same family; null where the market does not
-- show the family.
select date, local_tokens, market_tokens, local_to_market, would_rank, would_rank_at_least, days_of_capacity_per_market_day, covered_share, reason
from local_vs_market_daily
where target = $target and model_family = $family
order by date
