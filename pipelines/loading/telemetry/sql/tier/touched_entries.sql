-- One row per entry of which the records $segment_ids say something, if only by leaving it out.
create or replace temp table touched_entries as
with new_statements as (
    select
        section,
        name
    from raw.tier_statements
    where list_contains($segment_ids, segment_id)
),

whole_origins as (
    select origin
    from raw.tier_records
    where is_whole and list_contains($segment_ids, segment_id)
)

select distinct
    statements.section,
    statements.name,
    statements.part
from raw.tier_statements as statements
inner join raw.tier_records as records
    on statements.segment_id = records.segment_id
where
    statements.entry is not null
    and (
        records.origin in (select whole_origins.origin from whole_origins)
        or (statements.section, statements.name) in (
            select (new_statements.section, new_statements.name) from new_statements
        )
    );
