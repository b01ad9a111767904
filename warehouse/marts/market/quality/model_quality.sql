-- One row per measure, category and model of the newest version: its score, maker, and place.
select
    scores.measure,
    scores.category,
    scores.model_name,
    scores.version_date,
    models.display_name,
    models.effort,
    models.model_id,
    models.resolved_by,
    models.candidates,
    models.lab,
    models.country,
    models.weights,
    scores.score,
    scores.score_low,
    scores.score_high,
    measures.interval_level,
    rank() over (partition by scores.measure, scores.category order by scores.score desc)::integer
        as rank,
    scores.vote_count,
    scores.available_date,
    measures.scale,
    measures.licence,
    measures.citation,
    scores.origin,
    scores.answer_sha256
from {{ ref('quality_scores') }} as scores
inner join {{ ref('measured_models') }} as models
    on scores.measure = models.measure and scores.model_name = models.model_name
inner join {{ ref('quality_measures') }} as measures
    on scores.measure = measures.measure
qualify scores.version_date = max(scores.version_date) over (partition by scores.measure, scores.category)
