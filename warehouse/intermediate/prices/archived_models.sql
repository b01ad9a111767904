-- One row per model id that an archive ever priced: its last name and price, for models that left the
-- catalogue before we first saw it. Only archives whose ids are OpenRouter's name models.
select
    model_id,
    split_part(model_id, ':', 1) as model_id_base,
    case when contains(model_id, ':') then split_part(model_id, ':', 2) else 'standard' end
        as variant,
    {{ words_of_name("split_part(model_id, ':', 1)") }} as words,
    arg_max(model_name, date) as model_name,
    arg_max(prompt_usd_per_mtok, date) as prompt_usd_per_mtok,
    arg_max(completion_usd_per_mtok, date) as completion_usd_per_mtok,
    max(date) as last_date
from {{ ref('archived_prices_daily') }}
where source in (select sources.source from {{ ref('price_sources') }} as sources where sources.is_id_list)
group by model_id
