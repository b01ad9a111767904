-- One row per content of the catalogue and model id, typed; prices in USD per million tokens.
--
-- Alias entries (`~author/family-latest`) are not models.
select
    sha256 as answer_sha256,
    model_id,
    split_part(model_id, ':', 1) as model_id_base,
    case when contains(model_id, ':') then split_part(model_id, ':', 2) else 'standard' end
        as variant,
    canonical_slug,
    nullif(hugging_face_id, '') as hugging_face_id,
    name as model_name,
    to_timestamp(created) as listed_at,
    context_length as context_tokens,
    try_cast(expiration_date as date) as expiration_date,
    tokenizer,
    output_modalities,
    {{ usd_per_mtok('prompt_usd') }} as prompt_usd_per_mtok,
    {{ usd_per_mtok('completion_usd') }} as completion_usd_per_mtok,
    {{ usd_per_mtok('cached_usd') }} as cached_usd_per_mtok,
    {{ usd_per_mtok('cache_write_usd') }} as cache_write_usd_per_mtok,
    {{ discount_share('discount') }} as discount,
    {{ undiscounted_usd_per_mtok('prompt_usd', 'discount') }} as undiscounted_prompt_usd_per_mtok,
    {{ undiscounted_usd_per_mtok('completion_usd', 'discount') }}
        as undiscounted_completion_usd_per_mtok,
    {{ undiscounted_reason('prompt_usd', 'completion_usd', 'discount') }} as undiscounted_reason,
    overrides is not null as is_time_or_length_priced,
    overrides
from {{ source('raw', 'models') }}
where
    not starts_with(model_id, '~')
    and {{ is_known_content('sha256') }}
