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
        when contains(source, 'export') then 'export'
        when starts_with(source, 'prices_') or source = 'hub_history' then 'archive'
        when starts_with(source, 'arena_') or source = 'epoch_index' then 'published'
        else 'data_api'
    end as origin
from {{ ref('stg_openrouter__known_answers') }}
order by fetched_at, answer_id
