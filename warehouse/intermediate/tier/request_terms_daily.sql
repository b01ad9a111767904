-- One row per target, UTC day on which requests ended and span of hours: the target's terms then.
--
-- Apart from the days with scrapes, since a log of requests needs none.
with days as (
    select distinct
        target,
        last_token_at::date as day
    from {{ ref('stg_telemetry__requests') }}
    where last_token_at is not null
)

{{ terms_of_days('days') }}
