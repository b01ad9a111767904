-- One row per model of the market with a licence in Arena's leaderboards: what that says of its weights.
--
-- Only names whose identity is certain say something, and only where all names of a model agree: several
-- stand for efforts of one model. A licence that is not known says nothing.
with newest as (
    select *
    from {{ ref('quality_scores') }}
    where
        starts_with(measure, 'arena_')
        and license is not null
    qualify
        row_number() over (
            partition by model_name order by version_date desc, captured_at desc, measure, category
        ) = 1
),

-- An id that several ranked models had says of none of them which is meant.
market as (
    select
        split_part(model_id, ':', 1) as model_id,
        any_value(model_base) as model_base
    from {{ ref('models') }}
    where model_id is not null
    group by split_part(model_id, ':', 1)
    having count(distinct model_base) = 1
),

stated as (
    select
        market.model_base,
        newest.model_name,
        newest.organization,
        newest.license,
        {{ weights_of_licence('newest.license') }} as weights,
        newest.captured_at,
        newest.origin,
        newest.answer_sha256
    from newest
    inner join {{ ref('model_identities') }} as identities
        on
            newest.measure = identities.source
            and newest.model_name = identities.source_name
            and identities.confidence = 'certain'
    inner join market
        on identities.model_id = market.model_id
)

select
    model_base,
    any_value(weights) as weights,
    min_by(model_name, model_name) as model_name,
    min_by(organization, model_name) as organization,
    min_by(license, model_name) as license,
    max(captured_at) as captured_at,
    max(origin) as origin,
    min_by(answer_sha256, model_name) as answer_sha256
from stated
where weights is not null
group by model_base
having count(distinct weights) = 1
