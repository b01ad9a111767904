-- One row per content of app rankings and app: tokens and requests of a public app in a window.
select
    sha256 as answer_sha256,
    start_date,
    end_date,
    as_of,
    rank,
    app_id,
    app_name,
    total_tokens,
    total_requests
from {{ source('raw', 'apps') }}
where {{ is_known_content('sha256') }}
