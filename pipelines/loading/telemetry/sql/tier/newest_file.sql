-- One row per entry that the newest record of the tier file states.
select
    statements.section,
    statements.name,
    statements.part,
    statements.entry
from raw.tier_statements as statements
where
    statements.segment_id = (
        select records.segment_id
        from raw.tier_records as records
        where records.origin = 'file'
        order by records.stated_at desc, records.segment_id desc
        limit 1
    );
