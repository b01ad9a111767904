-- The platform's tokens by UTC day, and the smallest named model of each
select date, platform_tokens, cutoff_tokens, model_count
from market_days
where not is_missing
order by date
