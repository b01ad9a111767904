-- One row per closed segment of telemetry: which bytes, what they speak of, and what became of them.
select
    segment_id,
    kind,
    sha256,
    rows,
    first_at,
    last_at,
    loaded_at,
    outcome,
    reason
from {{ source('raw', 'telemetry_segments') }}
-- One that could not be read speaks of no instant.
where {{ is_known_hour('coalesce(first_at, loaded_at)') }}
