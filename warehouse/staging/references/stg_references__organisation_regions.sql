-- One row per content of ATOM's list and namespace on Hugging Face: the region of its organisation.
select
    sha256 as answer_sha256,
    lower(hugging_face_author) as hugging_face_author,
    lower(region) as region,
    notes
from {{ source('raw', 'organisation_regions') }}
where {{ is_known_content('sha256') }}
