-- One row: the model with open weights that had most tokens on the newest day of the market, of those with a list price.
select tokens.model_permaslug
from marts.market_tokens_daily as tokens
where
    tokens.date = (select max(days.date) from marts.market_days as days where not days.is_missing)
    and tokens.weights = 'open'
    and tokens.variant = 'standard'
    and exists (
        select 1
        from marts.model_prices_daily as prices
        where prices.model_permaslug = tokens.model_permaslug and prices.kind = 'list'
    )
order by tokens.total_tokens desc, tokens.model_permaslug
limit 1
