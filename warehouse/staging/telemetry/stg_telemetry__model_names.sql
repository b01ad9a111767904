-- One row per target and name under which it serves a model: the name by which others know that model, as the tier file says.
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
