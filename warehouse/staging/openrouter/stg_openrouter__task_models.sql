-- One row per content of tasks, task and model: a model's share of a task.
select
    sha256 as answer_sha256,
    tag,
    model_id,
    tag_usage_share as request_share_of_task,
    tag_token_share as token_share_of_task
from {{ source('raw', 'task_models') }}
where {{ is_known_content('sha256') }}
