-- One row: the segments of telemetry that were there at $as_of, a sum of their hashes, and one of the tier file's entries.
select
    (select count(*) from raw.telemetry_segments where first_at <= $as_of),
    (select sum(hash(segment_id, outcome)) from raw.telemetry_segments where first_at <= $as_of),
    (select sum(hash(section, name, entry::varchar)) from raw.tier_file)
