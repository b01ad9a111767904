-- One row: how many entries differ between the tier file as recorded and as read now.
with recorded as (
    select
        section,
        name,
        entry::varchar as entry
    from raw.tier_file
),

given as (
    select
        section,
        name,
        entry
    from entries
),

different as (
    (from recorded except all from given)
    union all
    (from given except all from recorded)
)

select count(*) from different
