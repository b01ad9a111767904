-- One row per change of a list price.
select date, model_id, change_ratio, new_prompt_usd_per_mtok, new_completion_usd_per_mtok
from marts.price_events
where kind = 'list'
order by date desc
