-- One row per answer that brought believable content, new or known: when which bytes were what the source said.
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
