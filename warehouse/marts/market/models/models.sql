-- One row per model that ever ranked: its names, its catalogue entry and its family.
--
-- Entries match by canonical slug first and by id second, always with the same variant; of several
-- ids that a slug had one after the other, the current one. A model that does not resolve to exactly
-- one entry stays, marked as unresolved.
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

resolved as (
    select *
    from placed
    where place = 1
    qualify count(*) over (partition by model_permaslug) = 1
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
