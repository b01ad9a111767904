-- One row per target and served model name: the public name of that model, from the tier file.
with mapped as (
    select
        entry ->> '$.name' as target,
        unnest(map_entries((entry -> '$.model_map')::map (varchar, varchar))) as names
    from {{ source('raw', 'tier_file') }}
    where section = 'target'
)

select
    mapped.target,
    mapped.names.key as model_name,
    mapped.names.value as known_as
from mapped
