-- One row per slug of a lab, a model family, a listing and an entry of the catalogue: its name, and
-- the lab's of a family.
--
-- The source names a listing "Z.AI: GLM 5.2 (free)". A family is named as its shortest listing, without
-- the day of that listing. A slug without a name has no row.
with listings as (
    select
        model_permaslug, model_family, author_slug, variant,
        regexp_replace(model_name, '^[^:]+: ', '') as name
    from models
    where model_name is not null
),

families as (
    select
        model_family as slug,
        min_by(
            case when regexp_matches(model_family, '\d{4}$') then name else regexp_replace(name, ' \d{4}$', '') end,
            (variant <> 'standard', length(name), name)
        ) as name,
        min(author_slug) as author_slug
    from listings
    where variant = 'standard' or model_family not in (select model_family from listings where variant = 'standard')
    group by model_family
),

labs as (
    select author_slug as slug, arg_max(releasing_lab, date) as name
    from market_tokens_daily
    where author_slug is not null and releasing_lab is not null and releasing_lab <> 'unknown'
    group by author_slug
),

bases as (
    select base_author_slug as slug, arg_max(base_lab, date) as name
    from market_tokens_daily
    where base_author_slug is not null and base_lab is not null and base_lab <> 'unknown'
    group by base_author_slug
)

select 'family' as kind, families.slug, families.name, labs.name as lab
from families
left join labs on families.author_slug = labs.slug
union all
select 'listing', model_permaslug, name, null from listings
union all
select distinct 'model', model_id, regexp_replace(model_name, '^[^:]+: ', ''), null from models where model_id is not null and model_name is not null
union all
select 'author', slug, name, null from labs
union all
select 'author', slug, name, null from bases anti join labs using (slug)
order by kind, slug
