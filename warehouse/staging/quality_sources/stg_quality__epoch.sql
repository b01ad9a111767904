-- One row per fit of the index and model: its score.
select
    sha256 as answer_sha256,
    model_name,
    display_name,
    score,
    score_low,
    score_high,
    released_date,
    organization,
    countries,
    accessibility,
    accessibility_group
from {{ source('raw', 'epoch_scores') }}
where {{ is_known_content('sha256') }}
