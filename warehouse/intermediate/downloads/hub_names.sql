-- One row per name that a model ever had on the Hub, in lower case: the model that has it, or had it last.
--
-- The Hub answers to a former name with the model that has another one now.
with named as (
    select
        lower(model_id) as name,
        hub_id,
        fetched_at
    from {{ ref('stg_huggingface__models') }}
    union all
    select
        name,
        hub_id,
        fetched_at
    from {{ ref('stg_huggingface__repositories') }}
    where hub_id is not null
)

select
    name,
    arg_max(hub_id, fetched_at) as hub_id
from named
group by name
