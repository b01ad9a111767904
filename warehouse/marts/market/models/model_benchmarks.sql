-- One row per leaderboard, model id, test and metric: the newest score.
--
-- Without a key the results of OpenRouter's own runs come from its export.
-- Scales differ by leaderboard and metric and are not comparable. Figures of Artificial Analysis are
-- left out: its terms do not allow others to publish them.
select
    benchmarks.board,
    benchmarks.model_id,
    benchmarks.test,
    benchmarks.metric,
    benchmarks.score,
    benchmarks.model_name,
    benchmarks.as_of,
    case
        when answers.is_simulated then 'simulated'
        when answers.source = 'benchmarks_export' then 'export'
        else 'data_api'
    end as origin,
    benchmarks.answer_sha256
from {{ ref('stg_openrouter__benchmarks') }} as benchmarks
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        benchmarks.answer_sha256 = answers.sha256
        and answers.source in ('benchmarks', 'benchmarks_export')
where benchmarks.board <> 'artificial-analysis'
qualify
    row_number() over (
        partition by benchmarks.board, benchmarks.model_id, benchmarks.test, benchmarks.metric
        order by benchmarks.as_of desc, answers.captured_at desc
    ) = 1
order by benchmarks.board, benchmarks.metric, benchmarks.score desc
