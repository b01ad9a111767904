-- One row per gateway and request, from the gateway's spend log.
select
    gateway,
    request_id,
    call_type,
    model as model_name,
    provider,
    started_at,
    first_token_at,
    ended_at,
    prompt_tokens,
    cached_tokens,
    completion_tokens,
    usd,
    is_cache_hit,
    is_failure,
    caller,
    team,
    key_alias,
    (epoch_us(first_token_at) - epoch_us(started_at)) / 1e6 as ttft_seconds,
    (epoch_us(ended_at) - epoch_us(started_at)) / 1e6 as e2e_seconds
from {{ source('raw', 'spend_events') }}
where {{ is_known_hour('ended_at') }}
