-- One row per known file of past counts: what its rows are of, and whose it is.
select
    sha256 as answer_sha256,
    fetched_at,
    grain,
    figure,
    licence,
    citation,
    origin
from {{ source('raw', 'hub_history_files') }}
where {{ is_known_content('sha256') }}
