-- One row per span of a measure and id of a model in the market: the best of its scores.
--
-- A leaderboard may have a model several times, by how hard it was let think. Which of these somebody
-- calls is not known, so each id stands for its best. An id that was replaced has its current name, as
-- prices have.
select
    standings.measure,
    standings.start_date,
    coalesce(ids.current_model_id, standings.model_id) as model_id,
    standings.model_name,
    standings.score,
    standings.score_low,
    standings.score_high,
    standings.origin,
    standings.answer_sha256
from {{ ref('quality_standings') }} as standings
left join {{ ref('catalogue_ids') }} as ids
    on
        standings.model_id = ids.model_id
        and ids.is_last_slug
where
    standings.dimension = 'weights'
    and standings.category = 'overall'
    and standings.model_id is not null
qualify
    row_number() over (
        partition by
            standings.measure,
            standings.start_date,
            coalesce(ids.current_model_id, standings.model_id)
        order by
            standings.score desc,
            standings.score_high - standings.score_low nulls last,
            standings.model_name
    ) = 1
