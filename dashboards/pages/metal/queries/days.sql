-- One row per day and kind of price: what our tokens cost and what the same tokens cost there; null is unknown, and reason says why.
select
    date, kind, local_usd_per_mtok::double as local_usd, market_usd_per_mtok::double as market_usd,
    market_usd_per_mtok_low::double as market_low, market_usd_per_mtok_high::double as market_high,
    busy_share, break_even_load, saving_usd::double as saving_usd, is_local_cheaper, reason
from make_or_buy_daily
where target = $target and model_family = $family
order by date, kind
