-- One row per segment of telemetry: its bytes, the time it covers, and what became of it.
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
from {{ ref('stg_telemetry__segments') }}
order by segment_id
