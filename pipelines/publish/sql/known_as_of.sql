-- One row: how many answers, rankings and other figures were known at $as_of, and a sum of their hashes, in which order plays no part.
with known as (
    select
        hash(answer_id, outcome) as mark,
        'answers' as kind
    from raw.answers
    where fetched_at <= $as_of
    union all
    select
        hash(sha256, slice, grain, date, content_hash) as mark,
        'rankings' as kind
    from raw.ranking_days
    where as_of <= $as_of
    union all
    select
        hash(sha256, app_id) as mark,
        'others' as kind
    from raw.apps
    where as_of <= $as_of
    union all
    select
        hash(sha256, board, model_permaslug, metric) as mark,
        'others' as kind
    from raw.benchmarks
    where as_of <= $as_of
    union all
    select
        hash(sha256, app_slug, model_permaslug, turn_range) as mark,
        'others' as kind
    from raw.session_costs
    where as_of <= $as_of
)

select
    count(*) filter (where kind = 'answers') as answers,
    sum(mark) filter (where kind = 'answers') as answers_mark,
    count(*) filter (where kind = 'rankings') as rankings,
    sum(mark) filter (where kind = 'rankings') as rankings_mark,
    count(*) filter (where kind = 'others') as others,
    sum(mark) filter (where kind = 'others') as others_mark
from known
