-- One row per model id and canonical slug that the catalogue ever had together: its last entry.
--
-- A model may be renamed: then one slug has several ids, one after the other. The id that is listed
-- last is the current one, of those the one that appeared last. Ids that were
-- listed over the same time have no current one.
with entries as (
    select
        models.*,
        answers.captured_at as last_seen_at,
        min(answers.captured_at) over (partition by models.model_id, models.canonical_slug)
            as first_seen_at
    from {{ ref('stg_openrouter__models') }} as models
    inner join {{ ref('stg_openrouter__answers') }} as answers
        on models.answer_sha256 = answers.sha256
    qualify
        row_number() over (
            partition by models.model_id, models.canonical_slug
            order by answers.captured_at desc, models.prompt_usd_per_mtok nulls last
        ) = 1
),

ranked as (
    select
        *,
        rank() over (
            partition by canonical_slug, variant
            order by last_seen_at desc, first_seen_at desc, listed_at desc nulls last
        ) as place
    from entries
),

placed as (
    select
        *,
        count(*) filter (where place = 1) over same_slug as first_places,
        max(model_id) filter (where place = 1) over same_slug as first_id
    from ranked
    window same_slug as (partition by canonical_slug, variant)
)

select
    model_id,
    model_id_base,
    variant,
    canonical_slug,
    canonical_slug || case when variant <> 'standard' then ':' || variant else '' end
        as model_permaslug,
    model_name,
    hugging_face_id,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    discount,
    -- Null where the catalogue does not list the output modalities; then it is taken for text.
    coalesce(contains(output_modalities, '"text"'), true) as is_text_model,
    first_seen_at,
    last_seen_at,
    listed_at,
    case
        when canonical_slug is null then model_id
        when first_places = 1 then first_id
    end as current_model_id,
    row_number() over (partition by model_id order by last_seen_at desc, first_seen_at desc) = 1
        as is_last_slug
from placed
