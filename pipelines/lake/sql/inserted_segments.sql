-- One row per segment that was committed in these snapshots, both included.
select
    segment_id,
    sha256,
    kind,
    outcome,
    rows,
    first_at,
    last_at,
    loaded_at,
    reason
from ducklake_table_insertions('lake', 'raw', 'telemetry_segments', $first, $last)
order by segment_id;
