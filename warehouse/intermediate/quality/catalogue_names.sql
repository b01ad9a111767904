-- One row per id of the market, without variant, and name under which others may know it.
with ids as (
    select
        model_id_base as model_id,
        canonical_slug,
        hugging_face_id
    from {{ ref('catalogue_ids') }}
    union all by name
    select model_id_base as model_id
    from {{ ref('archived_models') }}
),

names as (
    select
        model_id,
        split_part(model_id, '/', 1) as author_slug,
        {{ slug_of_name("split_part(model_id, '/', 2)") }} as slug
    from ids
    union
    select
        model_id,
        split_part(model_id, '/', 1) as author_slug,
        {{ slug_of_name("split_part(canonical_slug, '/', 2)") }} as slug
    from ids
    where canonical_slug is not null
    union
    select
        model_id,
        split_part(model_id, '/', 1) as author_slug,
        {{ slug_of_name("split_part(hugging_face_id, '/', 2)") }} as slug
    from ids
    where hugging_face_id is not null
)

select
    model_id,
    author_slug,
    slug,
    {{ words_of_slug('slug') }} as words,
    {{ words_of_slug(slug_without_date('slug')) }} as undated_words,
    {{ words_of_slug(slug_without_date(slug_without_preview('slug'))) }} as final_words,
    {{ month_of_slug('slug') }} as month
from names
where slug <> ''
