-- One row per end date of a seven-day window, task and model: the model's share of the task.
--
-- Only the largest models are listed, so shares need not sum to 1.
select
    tasks.date,
    tasks.tag,
    models.model_id,
    models.request_share_of_task,
    models.token_share_of_task,
    tasks.origin,
    tasks.answer_sha256
from {{ ref('market_tasks_daily') }} as tasks
inner join {{ ref('stg_openrouter__task_models') }} as models
    using (answer_sha256, tag)
qualify
    row_number() over (
        partition by tasks.date, tasks.tag, models.model_id
        order by models.token_share_of_task desc
    ) = 1
order by tasks.date, tasks.tag, models.token_share_of_task desc
