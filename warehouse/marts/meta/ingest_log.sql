-- One row per answer of a source: the request, the response, and what became of it.
select
    answer_id,
    source,
    url,
    fetched_at,
    status,
    bytes,
    sha256,
    rows,
    run_id,
    outcome,
    reason,
    case
        when origin = 'simulated' then 'simulated'
        when source like 'rankings_export%' then 'export'
        else 'data_api'
    end as origin
from {{ ref('stg_openrouter__known_answers') }}
order by fetched_at, answer_id
