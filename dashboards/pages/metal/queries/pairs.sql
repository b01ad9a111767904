-- One row per target and model family that we served and the market knows, those served most first.
select target, model_family, sum(local_tokens) as tokens
from local_vs_market_daily
group by all
order by tokens desc nulls last, target, model_family
