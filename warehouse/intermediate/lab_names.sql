-- One row per author: the names under which lists may know it, and its namespace on Hugging Face.
--
-- The namespace is the one that most of the author's models in the catalogue name, if most models
-- that name it are the author's: a fine-tune may name the repository of another lab. An author's
-- slug that is a namespace needs no model.
with authors as (
    select author_slug
    from {{ ref('labs') }}
    union
    select author_slug
    from {{ ref('models') }}
),

newest_labs as (
    select
        author_slug,
        arg_max(lab, valid_from) as lab
    from {{ ref('labs') }}
    group by author_slug
),

named as (
    select
        split_part(canonical_slug, '/', 1) as author_slug,
        lower(split_part(hugging_face_id, '/', 1)) as namespace,
        count(*) as models
    from {{ ref('catalogue_ids') }}
    where
        hugging_face_id is not null
        and canonical_slug is not null
    group by all
),

namespaces as (
    select
        named.author_slug,
        named.namespace
    from named
    left join {{ ref('weight_republishers') }} as republishers
        on named.namespace = republishers.hugging_face_author
    where republishers.hugging_face_author is null
    qualify
        row_number() over (
            partition by named.author_slug order by named.models desc, named.namespace
        ) = 1
        and row_number() over (
            partition by named.namespace order by named.models desc, named.author_slug
        ) = 1
),

displayed as (
    select
        author_slug,
        mode(split_part(model_name, ': ', 1)) as display_name
    from {{ ref('models') }}
    where contains(model_name, ': ')
    group by author_slug
)

select
    authors.author_slug,
    coalesce(namespaces.namespace, lower(authors.author_slug)) as hugging_face_author,
    nullif(newest_labs.lab, 'unknown') as lab,
    displayed.display_name,
    {{ name_key('authors.author_slug') }} as slug_key,
    {{ name_key("nullif(newest_labs.lab, 'unknown')") }} as lab_key,
    {{ name_key('displayed.display_name') }} as display_key
from authors
left join newest_labs
    using (author_slug)
left join namespaces
    using (author_slug)
left join displayed
    using (author_slug)
order by authors.author_slug
