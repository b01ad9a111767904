-- One row per UTC day, model family, service and kind of price: cost of our tokens, here or bought.
--
-- As make_or_buy_daily, for all replicas of a service together. Rates are those of a mean replica.
{{ make_or_buy('service', ref('service_cost_daily')) }}
