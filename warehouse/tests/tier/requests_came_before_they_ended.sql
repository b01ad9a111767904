-- A request arrives, gets its first token, gets its last; what was cached of its prompt is part of it. Another order is a clock that was set.
{{ config(severity='warn') }}
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
