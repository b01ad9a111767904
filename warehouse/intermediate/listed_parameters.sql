-- One row per repository in ATOM's newest list of parameters: the numbers on which its rows agree.
select
    sizes.hugging_face_id,
    case when min(sizes.total_parameters) = max(sizes.total_parameters) then min(sizes.total_parameters) end
        as total_parameters,
    case when min(sizes.active_parameters) = max(sizes.active_parameters) then min(sizes.active_parameters) end
        as active_parameters
from {{ ref('stg_references__model_parameters') }} as sizes
inner join {{ ref('newest_references') }} as newest
    using (answer_sha256)
where newest.source = 'atom_parameters'
group by sizes.hugging_face_id
