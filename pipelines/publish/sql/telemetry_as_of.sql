-- One row: the segments of telemetry that were there at $as_of, a sum of their hashes, and one of the tier file's entries.
with known as (
    select
        segment_id,
        outcome
    from raw.telemetry_segments
    where first_at <= $as_of
)

select
    (select count(*) from known) as segments,
    (select sum(hash(segment_id, outcome)) from known) as segments_mark,
    (select sum(hash(section, name, entry::varchar)) from raw.tier_file) as tier_file_mark
