-- One row per end date of a seven-day window and task: its share of classified, sampled traffic.
--
-- Shares, never volumes.
select
    tasks.end_date as date,
    tasks.tag,
    tasks.task_name,
    tasks.macro_category,
    tasks.request_share,
    tasks.token_share,
    tasks.request_share_of_category,
    tasks.token_share_of_category,
    tasks.window_days,
    answers.captured_at,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    tasks.answer_sha256
from {{ ref('stg_openrouter__tasks') }} as tasks
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        tasks.answer_sha256 = answers.sha256
        and answers.source = 'task_classifications'
-- Shares of two answers do not sum up, so each window comes from one answer.
qualify
    dense_rank() over (partition by tasks.end_date order by answers.captured_at desc) = 1
    and row_number() over (
        partition by tasks.end_date, tasks.tag
        order by answers.captured_at desc, tasks.token_share desc
    ) = 1
order by tasks.end_date, tasks.token_share desc
