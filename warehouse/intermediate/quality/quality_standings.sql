-- One row per span, model and kind of member: its score, and the country or weights it counts for.
select
    spans.measure,
    spans.category,
    spans.version_date,
    spans.start_date,
    sides.dimension,
    sides.member,
    scores.model_name,
    models.model_id,
    scores.score,
    scores.score_low,
    scores.score_high,
    scores.available_date,
    scores.origin,
    scores.answer_sha256,
    row_number() over (
        partition by
            spans.measure, spans.category, spans.start_date, sides.dimension, sides.member
        order by
            scores.score desc, scores.score_high - scores.score_low nulls last, scores.model_name
    ) as place
from {{ ref('quality_spans') }} as spans
inner join {{ ref('quality_scores') }} as scores
    on
        spans.measure = scores.measure
        and spans.category = scores.category
        and spans.version_date = scores.version_date
        and (
            scores.measure <> 'epoch'
            or coalesce(scores.available_date, scores.version_date) <= spans.start_date
        )
inner join {{ ref('measured_models') }} as models
    on scores.measure = models.measure and scores.model_name = models.model_name,
    lateral (
        values
        ('country', models.country),
        ('weights', models.weights)
    ) as sides (dimension, member)
where sides.member in ('US', 'CN', 'open', 'closed', 'unknown')
