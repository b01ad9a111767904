-- Nobody knows what was served in an unwatched minute. A count in it is growth during the gap that
-- it ends.
{{ config(meta={'is_local': true}) }}
select
    minutes.minute_at,
    minutes.target,
    minutes.model_name,
    minutes.prompt_tokens,
    minutes.generation_tokens
from {{ ref('served_tokens_minutely') }} as minutes
where
    minutes.is_gap
    and (minutes.prompt_tokens is not null or minutes.generation_tokens is not null)
    and not exists (
        select 1
        from {{ ref('stg_telemetry__counters') }} as counters
        where
            counters.target = minutes.target
            and counters.model_name = minutes.model_name
            and counters.minute_at = minutes.minute_at
    )
