-- One row per target and served model name: the public name of that model, by the newest entry.
with newest as (
    select
        name as target,
        arg_max(entry, coalesce(valid_from, '-infinity')) as entry
    from {{ source('raw', 'tier_file') }}
    where section = 'target'
    group by name
),

mapped as (
    select
        target,
        unnest(map_entries((entry -> '$.model_map')::map (varchar, varchar))) as names
    from newest
)

select
    mapped.target,
    mapped.names.key as model_name,
    mapped.names.value as known_as
from mapped
