-- One row per UTC day, model family, target and kind of price: cost of our tokens, here or bought.
--
-- The market price is that of our own mix: computed prompt tokens, cached ones and generated ones,
-- each counted once. A host without a price for cached tokens charges the prompt price for them.
-- Prices are of the same UTC day; none is carried forward.
{{ make_or_buy('target', ref('local_cost_daily')) }}
