-- One row per price change, the newest first.
select
    events.date, events.model_id, events.kind, events.old_prompt_usd_per_mtok,
    events.new_prompt_usd_per_mtok, events.old_completion_usd_per_mtok,
    events.new_completion_usd_per_mtok, events.change_ratio, events.origin, models.model_family
from price_events as events
left join (
    select model_id, min(model_family) as model_family
    from models
    group by model_id
) as models
    using (model_id)
order by events.date desc, events.model_id, events.kind
limit $entries
