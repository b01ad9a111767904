-- One row per segment of telemetry: which bytes, what they speak of, and what became of them.
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
