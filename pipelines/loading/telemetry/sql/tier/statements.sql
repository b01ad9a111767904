-- One row per touched entry and record that states it, or says that it is gone.
select
    touched.section,
    touched.name,
    touched.part,
    records.stated_at,
    records.segment_id,
    records.origin,
    statements.entry,
    records.holds_from
from touched_entries as touched
inner join raw.tier_statements as statements
    on
        touched.section = statements.section
        and touched.name = statements.name
        and (touched.part = statements.part or statements.part is null)
inner join raw.tier_records as records
    on statements.segment_id = records.segment_id;
