-- One row per content of benchmarks, leaderboard, model, test and metric.
select
    sha256 as answer_sha256,
    as_of,
    board,
    model_permaslug as model_id,
    display_name as model_name,
    coalesce(test, 'overall') as test,
    metric,
    score
from {{ source('raw', 'benchmarks') }}
where {{ is_known_content('sha256') }}
