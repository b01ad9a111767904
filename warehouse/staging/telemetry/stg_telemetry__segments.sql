-- One row per closed segment of telemetry: its bytes, the time it covers, and what became of it.
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
-- An unreadable segment has no instants of its content. Records of the tier hold no samples, and are
-- in tier_file.
where
    {{ is_known_hour('coalesce(first_at, loaded_at)') }}
    and (kind <> 'tier' or outcome = 'unreadable')
