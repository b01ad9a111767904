-- One row per entry of the tier file that a figure rests on, without the address: where things are is nobody's business downstream.
select
    section,
    name,
    json_merge_patch(entry, '{"url": null}') as entry
from {{ source('raw', 'tier_file') }}
where section <> 'device_source'
