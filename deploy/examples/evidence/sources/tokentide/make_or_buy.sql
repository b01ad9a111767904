-- One row per day, service and model family: what our tokens cost, and the same tokens at list price.
select date, service, model_family, local_usd_per_mtok, market_usd_per_mtok, break_even_load, reason
from marts.service_make_or_buy_daily
where kind = 'list'
order by date, service
