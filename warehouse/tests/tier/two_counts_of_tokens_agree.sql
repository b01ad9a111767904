-- Two counts of the same tokens differ, and nothing seen that day explains it. Both are kept; a
-- person should look.
{{ config(severity='warn') }}
select
    date,
    target,
    model_name,
    metric,
    source_b,
    tokens_a,
    tokens_b
from {{ ref('served_token_disagreements') }}
where explained_by is null
