-- One row per content of Epoch AI's table and its line: a model, whose it is, and how it is
-- accessible.
select
    sha256 as answer_sha256,
    model_name,
    organisations,
    countries,
    accessibility,
    try_cast(published_date as date) as published_date,
    link
from {{ source('raw', 'notable_models') }}
where {{ is_known_content('sha256') }}
