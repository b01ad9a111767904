-- One row per content of tasks and task: shares of classified, sampled traffic over seven days.
select
    sha256 as answer_sha256,
    as_of as end_date,
    window_days,
    tag,
    display_name as task_name,
    macro_category,
    usage_share as request_share,
    token_share,
    category_usage_share as request_share_of_category,
    category_token_share as token_share_of_category
from {{ source('raw', 'tasks') }}
where {{ is_known_content('sha256') }}
