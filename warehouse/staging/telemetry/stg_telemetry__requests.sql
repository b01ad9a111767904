-- One row per target and request that our tier served or refused, from its own log.
select
    target,
    request_id,
    model as model_name,
    arrival_at,
    first_token_at,
    last_token_at,
    prompt_tokens,
    cached_tokens,
    completion_tokens,
    draft_tokens,
    accepted_tokens,
    outcome,
    finish_reason,
    device,
    caller,
    team,
    key_alias,
    (epoch_us(first_token_at) - epoch_us(arrival_at)) / 1e6 as ttft_seconds,
    -- A request of one token has no time between tokens.
    case
        when completion_tokens > 1
            then
                (epoch_us(last_token_at) - epoch_us(first_token_at)) / 1e6 / (completion_tokens - 1)
    end as tpot_seconds,
    (epoch_us(last_token_at) - epoch_us(arrival_at)) / 1e6 as e2e_seconds
from {{ source('raw', 'request_events') }}
-- A request is logged when it ends.
where {{ is_known_hour('coalesce(last_token_at, arrival_at)') }}
