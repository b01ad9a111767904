-- One row per answer with valid content, new or known: when which bytes were the source's state.
select
    answer_id,
    source,
    sha256,
    params,
    context,
    fetched_at as captured_at,
    origin = 'simulated' as is_simulated
from {{ ref('stg_openrouter__known_answers') }}
where outcome in ('loaded', 'partial', 'unchanged')
