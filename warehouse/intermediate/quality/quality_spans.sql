-- One row per measure, category and first UTC day of a span on which its scores and models stay.
--
-- A publication holds until the next one, and a fit of the index until the next fit or the release of
-- another model; both for 28 days at most after an answer had them as the newest. Days before the first fit
-- have that fit, and say so: what was known of a day never changes by a later one.
with contents as (
    select
        measure,
        category,
        answer_sha256,
        max(version_date) as version_date
    from {{ ref('quality_scores') }}
    group by measure, category, answer_sha256
),

confirmed as (
    select
        contents.measure,
        contents.category,
        contents.version_date,
        max(answers.captured_at)::date as last_confirmed_date
    from contents
    inner join {{ ref('stg_openrouter__answers') }} as answers
        on contents.answer_sha256 = answers.sha256
    group by contents.measure, contents.category, contents.version_date
),

versions as (
    select distinct
        scores.measure,
        scores.category,
        scores.version_date,
        greatest(scores.version_date, confirmed.last_confirmed_date) as confirmed_date,
        max(confirmed.last_confirmed_date) over (partition by scores.measure, scores.category)
            as last_date
    from {{ ref('quality_scores') }} as scores
    left join confirmed
        on
            scores.measure = confirmed.measure
            and scores.category = confirmed.category
            and scores.version_date = confirmed.version_date
),

placed as (
    select
        *,
        lead(version_date) over versions_of as next_version_date,
        version_date = min(version_date) over (partition by measure, category) as is_first
    from versions
    window versions_of as (partition by measure, category order by version_date)
),

releases as (
    select distinct
        measure,
        category,
        version_date,
        available_date as released_date
    from {{ ref('quality_scores') }}
    where measure = 'epoch' and available_date >= '2023-01-01'
),

starts as (
    select
        *,
        version_date as start_date
    from placed
    union
    select
        placed.*,
        releases.released_date as start_date
    from placed
    inner join releases
        using (measure, category, version_date)
    where
        (placed.is_first or releases.released_date > placed.version_date)
        and releases.released_date < coalesce(placed.next_version_date, '9999-12-31')
)

select
    measure,
    category,
    version_date,
    start_date,
    version_date > start_date as is_hindsight,
    least(
        coalesce(
            lead(start_date) over (partition by measure, category order by start_date) - 1,
            '9999-12-31'
        ),
        greatest(start_date, confirmed_date) + {{ var('quality_carried_days') }},
        last_date
    )::date as end_date
from starts
qualify end_date >= start_date
