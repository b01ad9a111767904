-- One row per content of ATOM's list and repository on Hugging Face: its total and active parameters.
select
    sha256 as answer_sha256,
    lower(hugging_face_id) as hugging_face_id,
    total_parameters,
    -- All parameters of a dense model are active.
    coalesce(active_parameters, case when not is_mixture_of_experts then total_parameters end)
        as active_parameters,
    notes
from {{ source('raw', 'model_parameters') }}
where {{ is_known_content('sha256') }}
