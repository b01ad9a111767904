-- One row per list about labs and models: its newest answer.
select
    source,
    arg_max(sha256, captured_at) as answer_sha256,
    max(captured_at) as as_of,
    arg_max(case when is_simulated then 'simulated' else 'data_api' end, captured_at) as origin
from {{ ref('stg_openrouter__answers') }}
where source in ('atom_regions', 'atom_parameters', 'epoch_models')
group by source
