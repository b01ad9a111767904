-- One row per measure of quality: its newest version, and the models in it.
select
    'arena ' || leaderboard as source,
    max(published_date)::varchar as as_of,
    count(distinct model_name) as models
from raw.arena_ratings
group by leaderboard
union all
select
    'epoch' as source,
    max(answers.fetched_at)::date::varchar as as_of,
    count(distinct scores.model_name) as models
from raw.epoch_scores as scores
inner join raw.answers as answers
    using (sha256)
having count(*) > 0
order by source
