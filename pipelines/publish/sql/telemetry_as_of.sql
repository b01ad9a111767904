-- One row: the segments of telemetry that were there at $as_of, a sum of their hashes, one of the
-- records of the tier, and one of entries that no record states.
with known as (
    select
        segment_id,
        outcome
    from raw.telemetry_segments
    where
        first_at <= $as_of
        and kind <> 'tier'
)

select
    (select count(*) from known) as segments,
    (select sum(hash(segment_id, outcome)) from known) as segments_mark,
    (
        select sum(hash(segment_id))
        from raw.tier_records
        where
            stated_at <= greatest(
                $as_of,
                (select min(first.stated_at) from raw.tier_records as first where first.origin = 'file')
            )
    ) as records_mark,
    (
        select sum(hash(section, name, entry::varchar))
        from raw.tier_file
        where not exists (select 1 from raw.tier_records)
    ) as tier_file_mark
