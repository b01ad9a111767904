-- One row per model that the market knows: all that ever ranked or were in the catalogue.
with ranked as (
    select
        model_permaslug,
        model_base as canonical_slug,
        variant,
        model_id,
        hugging_face_id,
        model_family,
        last_ranked_date
    from {{ ref('models') }}
),

-- The last entry ever seen of each id, as in `models`.
listed as (
    select models.*
    from {{ ref('stg_openrouter__models') }} as models
    inner join {{ ref('stg_openrouter__answers') }} as answers
        on models.answer_sha256 = answers.sha256
    qualify row_number() over (partition by models.model_id order by answers.captured_at desc) = 1
),

never_ranked as (
    select
        listed.canonical_slug,
        listed.variant,
        listed.model_id,
        listed.hugging_face_id,
        coalesce(
            families.model_family, {{ model_family_by_rule('listed.canonical_slug') }}
        ) as model_family
    from listed
    left join {{ ref('model_families') }} as families
        on listed.canonical_slug = families.model_base
    left join ranked
        on
            listed.variant = ranked.variant
            and ranked.canonical_slug in (listed.canonical_slug, listed.model_id_base)
    where
        ranked.model_permaslug is null
        and listed.canonical_slug is not null
    -- Several ids may share a slug; the shortest is the plain one.
    qualify
        row_number() over (
            partition by listed.canonical_slug, listed.variant
            order by length(listed.model_id), listed.model_id
        ) = 1
)

select
    canonical_slug,
    variant,
    model_permaslug,
    model_id,
    hugging_face_id,
    model_family,
    last_ranked_date
from ranked
union all
select
    canonical_slug,
    variant,
    null as model_permaslug,
    model_id,
    hugging_face_id,
    model_family,
    null as last_ranked_date
from never_ranked
order by canonical_slug, variant
