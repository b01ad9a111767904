-- Tokens of the newest day beside the list price, by model
select tokens.model_permaslug, tokens.total_tokens, prices.prompt_usd_per_mtok, prices.completion_usd_per_mtok
from market_tokens_daily as tokens
inner join models on tokens.model_permaslug = models.model_permaslug
inner join model_prices_daily as prices on models.model_id = prices.model_id and prices.kind = 'list'
where tokens.date = (select max(date) from market_tokens_daily) and prices.date = (select max(date) from model_prices_daily)
order by tokens.total_tokens desc
