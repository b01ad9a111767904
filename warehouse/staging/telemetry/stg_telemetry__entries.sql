-- One row per entry of the tier file that a figure rests on, without addresses.
select
    section,
    name,
    json_merge_patch(entry, '{"url": null}') as entry
from {{ source('raw', 'tier_file') }}
where section <> 'device_source'
