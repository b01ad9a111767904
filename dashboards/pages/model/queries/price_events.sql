-- One row per change of a price of the family, the newest first, and the change of its share then.
select
    date, model_id, kind, old_prompt_usd_per_mtok::double as old_prompt, new_prompt_usd_per_mtok::double as new_prompt,
    old_completion_usd_per_mtok::double as old_completion, new_completion_usd_per_mtok::double as new_completion, change_ratio, elasticity,
    elasticity_low, elasticity_high, is_confounded, reason
from price_events
where model_id in (select model_id from models where model_family = $family)
order by date desc, model_id, kind
