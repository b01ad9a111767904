-- A request arrives, gets its first token and then its last; cached tokens are part of its prompt.
-- Any other order means that a clock was set.
{{ config(severity='warn', meta={'is_local': true}) }}
select
    target,
    request_id,
    arrival_at,
    first_token_at,
    last_token_at,
    prompt_tokens,
    cached_tokens
from {{ ref('stg_telemetry__requests') }}
where
    arrival_at > first_token_at
    or first_token_at > last_token_at
    or cached_tokens > prompt_tokens
    or accepted_tokens > draft_tokens
