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

never_ranked as (
    select
        listed.canonical_slug,
        listed.variant,
        listed.model_id,
        listed.hugging_face_id,
        coalesce(
            families.model_family, {{ model_family_by_rule('listed.canonical_slug') }}
        ) as model_family
    from {{ ref('catalogue_ids') }} as listed
    left join {{ ref('model_families') }} as families
        on listed.canonical_slug = families.model_base
    left join ranked
        on
            listed.variant = ranked.variant
            and ranked.canonical_slug in (listed.canonical_slug, listed.model_id_base)
    where
        ranked.model_permaslug is null
        and listed.is_last_slug
        and listed.canonical_slug is not null
    -- Of several ids of a slug the current one is meant; where time does not tell, the shortest is
    -- the plain one.
    qualify
        row_number() over (
            partition by listed.canonical_slug, listed.variant
            order by
                coalesce(listed.model_id <> listed.current_model_id, true),
                length(listed.model_id),
                listed.model_id
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
