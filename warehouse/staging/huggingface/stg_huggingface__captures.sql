-- One row per known answer of the Hub's list that is one: a page, and the UTC day of its counters.
--
-- A page whose bytes came before has counters as well: on a day on which all stood still.
select
    answer_id,
    sha256,
    fetched_at,
    fetched_at::date as date,
    context ->> 'pipeline_tag' as pipeline_tag,
    case when origin = 'simulated' then 'simulated' else 'data_api' end as origin
from {{ ref('stg_openrouter__known_answers') }}
where
    source = 'hub_models'
    and outcome in ('loaded', 'partial', 'unchanged')
