-- One row per day, listing, kind of price and part (prompt or completion), in USD per million
-- tokens, in the period.
select date, model_id, kind, 'prompt' as part, prompt_usd_per_mtok::double as usd_per_mtok, price_basis, provider_name
from model_prices_daily
where model_id in (select model_id from models where model_family = $family) and not is_free and date between $first and $last
union all
select date, model_id, kind, 'completion', completion_usd_per_mtok::double, price_basis, provider_name
from model_prices_daily
where model_id in (select model_id from models where model_family = $family) and not is_free and date between $first and $last
order by model_id, kind, part, date
