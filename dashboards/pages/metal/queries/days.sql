-- One row per day and kind of price: the cost of our tokens, and the market's price of the same ones.
-- Null is unknown, and reason says why.
with figures as (
    select * exclude (devices)
    from service_make_or_buy_daily
    where service = $who and model_family = $family
    union all by name
    select * exclude (devices, target, service), target as service
    from make_or_buy_daily
    where target = $who and model_family = $family and $who not in (select service from services)
)

select
    date, kind, local_usd_per_mtok::double as local_usd, market_usd_per_mtok::double as market_usd,
    market_usd_per_mtok_low::double as market_low, market_usd_per_mtok_high::double as market_high,
    busy_share, break_even_load, saving_usd::double as saving_usd, is_local_cheaper, reason
from figures
order by date, kind
