-- A model has the parameters that downloads by size count its repository with, and no more of them
-- are active than there are.
select
    sizes.canonical_slug,
    sizes.variant,
    sizes.total_parameters,
    sizes.active_parameters,
    hub.parameters as hub_parameters
from {{ ref('model_sizes') }} as sizes
left join {{ ref('hub_names') }} as names
    on lower(sizes.hugging_face_id) = names.name
left join {{ ref('hub_models') }} as hub
    on names.hub_id = hub.hub_id
where
    sizes.active_parameters > sizes.total_parameters
    or sizes.total_source in ('hub', 'repository name')
    and (sizes.total_parameters <> hub.parameters or sizes.size_band <> hub.size_band)
