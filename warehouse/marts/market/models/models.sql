-- One row per model that ever ranked: its names, its catalogue entry and its family.
--
-- Entries match by canonical slug first and by id second, always with the same variant; of several
-- ids that a slug had one after the other, the current one. A model that left the catalogue before we
-- first saw it is looked up among the ids of archives of prices: by its name, by the id that its
-- slug has in another variant, without the date at its end, and by its words in any order. A model
-- that does not resolve to exactly one entry stays, marked as unresolved.
with ranked as (
    select
        ranking_rows.model_permaslug,
        ranking_rows.author_slug,
        ranking_rows.model_base,
        ranking_rows.variant,
        min(rankings.date) as first_ranked_date,
        max(rankings.date) as last_ranked_date
    from {{ ref('ranking_day_versions') }} as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where
        not ranking_rows.is_other
        and rankings.slice = 'all'
        and rankings.grain = 'day'
    group by all
),

catalogue_ids_of_slugs as (
    select distinct
        canonical_slug,
        model_id_base
    from {{ ref('catalogue_ids') }}
),

candidates as (
    select
        ranked.model_permaslug,
        catalogue.model_id,
        catalogue.model_name,
        catalogue.hugging_face_id,
        catalogue.prompt_usd_per_mtok,
        catalogue.completion_usd_per_mtok,
        catalogue.discount,
        catalogue.is_text_model,
        catalogue.first_seen_at,
        catalogue.last_seen_at,
        catalogue.listed_at,
        case when catalogue.canonical_slug = ranked.model_base then 'canonical_slug' else 'id' end
            as resolved_by
    from ranked
    -- Models leave the catalogue while they still rank, so the last entry ever seen counts.
    inner join {{ ref('catalogue_ids') }} as catalogue
        on
            (
                ranked.model_base = catalogue.canonical_slug
                or ranked.model_base = catalogue.model_id_base
            )
            and ranked.variant = catalogue.variant
),

-- The better kind of match decides. Of several ids of one slug the current one is meant; those that
-- time does not tell apart decide nothing.
placed as (
    select
        *,
        rank() over (
            partition by model_permaslug
            order by resolved_by, last_seen_at desc, first_seen_at desc, listed_at desc nulls last
        ) as place
    from candidates
),

listed as (
    select *
    from placed
    where place = 1
    qualify count(*) over (partition by model_permaslug) = 1
),

-- Only where no entry of the catalogue is a candidate: a third name does not choose between two.
names as (
    select
        ranked.model_permaslug,
        ranked.variant,
        name.model_base,
        name.resolved_by,
        name.priority,
        null as words
    from ranked
    left join catalogue_ids_of_slugs as slugs
        on ranked.model_base = slugs.canonical_slug,
        lateral (
            values
            (1, 'archive id', ranked.model_base),
            (2, 'archive slug', slugs.model_id_base),
            (3, 'archive date', {{ name_without_date('ranked.model_base') }})
        ) as name (priority, resolved_by, model_base)
    where ranked.model_permaslug not in (select candidates.model_permaslug from candidates)
    union all by name
    select
        ranked.model_permaslug,
        ranked.variant,
        {{ words_of_name(name_without_date('ranked.model_base')) }} as words,
        'archive words' as resolved_by,
        4 as priority
    from ranked
    where ranked.model_permaslug not in (select candidates.model_permaslug from candidates)
),

archived as (
    select
        names.model_permaslug,
        names.resolved_by,
        found.model_id,
        found.model_name,
        found.prompt_usd_per_mtok,
        found.completion_usd_per_mtok
    from names
    inner join {{ ref('archived_models') }} as found
        on
            names.variant = found.variant
            and (names.model_base = found.model_id_base or names.words = found.words)
    qualify
        rank() over (partition by names.model_permaslug order by names.priority) = 1
        and count(distinct found.model_id) over (partition by names.model_permaslug, names.priority) = 1
),

resolved as (
    select *
    from listed
    union all by name
    select distinct
        *,
        true as is_text_model
    from archived
)

select
    ranked.model_permaslug,
    ranked.author_slug,
    ranked.model_base,
    ranked.variant,
    coalesce(
        families.model_family, {{ model_family_by_rule('ranked.model_permaslug') }}
    ) as model_family,
    coalesce(
        ranked.variant = 'free'
        or resolved.prompt_usd_per_mtok + resolved.completion_usd_per_mtok = 0
        and (resolved.is_text_model or resolved.discount = 1),
        false
    ) as is_free,
    ranked.first_ranked_date,
    ranked.last_ranked_date,
    resolved.model_id,
    resolved.model_name,
    resolved.hugging_face_id,
    coalesce(resolved.resolved_by, 'unresolved') as resolved_by
from ranked
left join {{ ref('model_families') }} as families
    using (model_base)
left join resolved
    using (model_permaslug)
order by ranked.model_permaslug
