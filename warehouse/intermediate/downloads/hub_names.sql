-- One row per name that a model ever had on the Hub, in lower case: the model that has it, or had it last.
select
    lower(model_id) as name,
    arg_max(hub_id, fetched_at) as hub_id
from {{ ref('stg_huggingface__models') }}
group by lower(model_id)
