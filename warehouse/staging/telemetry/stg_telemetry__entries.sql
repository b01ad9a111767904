-- One row per version of an entry of the tier that a figure rests on, without addresses.
select
    section,
    name,
    json_merge_patch(entry, '{"url": null}') as entry,
    part,
    row_number() over (partition by section, name, part order by valid_from nulls first) as version,
    origin,
    valid_from,
    valid_to,
    is_correction,
    read_at
from {{ source('raw', 'tier_file') }}
where section <> 'device_source'
