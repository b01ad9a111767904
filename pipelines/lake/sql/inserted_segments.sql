-- One row per segment of these names; of one that could not be read, the record that says so.
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
from lake.raw.telemetry_segments
where (segment_id, outcome = 'unreadable') in (
    select (names.segment_id, names.is_unreadable)
    from (
        select
            unnest($names) as segment_id,
            unnest($unreadable) as is_unreadable
    ) as names
)
order by segment_id;
