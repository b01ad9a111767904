-- One row per model and page that said something new of it: what it is, and what it is made from.
select
    sha256,
    fetched_at,
    hub_id,
    model_id,
    pipeline_tag,
    created_at,
    relation,
    base_evidence,
    base_ids,
    format,
    parameters,
    licence
from {{ source('raw', 'hub_models') }}
where {{ is_known_content('sha256') }}
