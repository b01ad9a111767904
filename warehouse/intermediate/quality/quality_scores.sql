-- One row per measure, category, version and model: its score, as the newest answer that has it says.
--
-- A version is a publication of a leaderboard, by its day, or a fit of the index, by the day on which
-- we fetched it. Of several fits of a day the last one counts.
with answers as (
    select
        sha256,
        min(captured_at) as captured_at,
        bool_or(is_simulated) as is_simulated
    from {{ ref('stg_openrouter__answers') }}
    where source in ('arena_latest', 'arena_full', 'epoch_index')
    group by sha256
),

ratings as (
    select
        arena.measure,
        arena.category,
        arena.published_date as version_date,
        arena.model_name,
        arena.model_name as display_name,
        arena.organization,
        arena.license,
        null::varchar as countries,
        null::varchar as accessibility,
        arena.rating as score,
        arena.rating_lower as score_low,
        arena.rating_upper as score_high,
        arena.vote_count,
        null::date as released_date,
        answers.captured_at,
        answers.is_simulated,
        arena.answer_sha256
    from {{ ref('stg_quality__arena') }} as arena
    inner join answers
        on arena.answer_sha256 = answers.sha256
),

fits as (
    select
        'epoch' as measure,
        'overall' as category,
        answers.captured_at::date as version_date,
        epoch.model_name,
        coalesce(epoch.display_name, epoch.model_name) as display_name,
        epoch.organization,
        null::varchar as license,
        epoch.countries,
        epoch.accessibility,
        epoch.score,
        epoch.score_low,
        epoch.score_high,
        null::bigint as vote_count,
        epoch.released_date,
        answers.captured_at,
        answers.is_simulated,
        epoch.answer_sha256
    from {{ ref('stg_quality__epoch') }} as epoch
    inner join answers
        on epoch.answer_sha256 = answers.sha256
    qualify
        answers.captured_at = max(answers.captured_at) over (
            partition by answers.captured_at::date
        )
),

scores as (
    select * from ratings
    union all by name
    select * from fits
)

select
    measure,
    category,
    version_date,
    model_name,
    display_name,
    organization,
    license,
    countries,
    accessibility,
    score,
    -- An interval that does not hold its score is none.
    case when score between score_low and score_high then score_low end as score_low,
    case when score between score_low and score_high then score_high end as score_high,
    vote_count,
    -- A leaderboard does not say when a model came out; the first publication that has it does.
    coalesce(
        released_date,
        case
            when measure <> 'epoch'
                then min(version_date) over (partition by measure, category, model_name)
        end
    ) as available_date,
    captured_at,
    case when is_simulated then 'simulated' else 'published' end as origin,
    answer_sha256
from scores
qualify
    row_number() over (
        partition by measure, category, version_date, model_name
        order by captured_at desc, vote_count desc nulls last, score desc, answer_sha256
    ) = 1
