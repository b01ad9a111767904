-- One row per UTC day, model family, target and kind of price: cost of our tokens, here or bought.
--
-- The market price is that of our own mix: computed prompt tokens, cached ones and generated ones,
-- each counted once. A host without a price for cached tokens charges the prompt price for them.
-- Prices of hosts are of the same UTC day; a list price is the day's, or the last one seen within
-- price_carried_days, as model_prices_daily says with its age. Made by days: prices of a day concern
-- all targets.
{{ make_or_buy('target', ref('local_cost_daily')) }}
