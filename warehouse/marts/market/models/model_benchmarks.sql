-- One row per leaderboard, model id, test and metric: the newest score.
--
-- Scales differ by leaderboard and metric and are not comparable.
select
    benchmarks.board,
    benchmarks.model_id,
    benchmarks.test,
    benchmarks.metric,
    benchmarks.score,
    benchmarks.model_name,
    benchmarks.as_of,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    benchmarks.answer_sha256
from {{ ref('stg_openrouter__benchmarks') }} as benchmarks
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        benchmarks.answer_sha256 = answers.sha256
        and answers.source = 'benchmarks'
qualify
    row_number() over (
        partition by benchmarks.board, benchmarks.model_id, benchmarks.test, benchmarks.metric
        order by benchmarks.as_of desc, answers.captured_at desc
    ) = 1
order by benchmarks.board, benchmarks.metric, benchmarks.score desc
