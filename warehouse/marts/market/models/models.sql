-- One row per model that ever ranked: its names, its catalogue entry and its family.
--
-- Entries match by canonical slug first and by id second, always with the same variant. A model
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

-- Models leave the catalogue while they still rank, so the last entry ever seen of each id counts.
catalogue as (
    select models.*
    from {{ ref('stg_openrouter__models') }} as models
    inner join {{ ref('stg_openrouter__answers') }} as answers
        on models.answer_sha256 = answers.sha256
    qualify row_number() over (partition by models.model_id order by answers.captured_at desc) = 1
),

candidates as (
    select
        ranked.model_permaslug,
        catalogue.model_id,
        catalogue.model_name,
        catalogue.canonical_slug,
        catalogue.hugging_face_id,
        case when catalogue.canonical_slug = ranked.model_base then 'canonical_slug' else 'id' end
            as resolved_by
    from ranked
    inner join catalogue
        on
            (
                ranked.model_base = catalogue.canonical_slug
                or ranked.model_base = catalogue.model_id_base
            )
            and ranked.variant = catalogue.variant
),

-- The better kind of match decides; two entries of that kind decide nothing.
resolved as (
    select *
    from candidates
    qualify
        count(*) over (partition by model_permaslug, resolved_by) = 1
        and row_number() over (partition by model_permaslug order by resolved_by) = 1
)

select
    ranked.model_permaslug,
    ranked.author_slug,
    ranked.model_base,
    ranked.variant,
    coalesce(
        families.model_family, {{ model_family_by_rule('ranked.model_permaslug') }}
    ) as model_family,
    ranked.variant = 'free' as is_free,
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
