-- One row per content of session costs, app, model and range of turns.
select
    sha256 as answer_sha256,
    as_of,
    window_end_date,
    window_days,
    app_slug,
    app_name,
    model_permaslug,
    turn_range,
    median_session_cost_usd
from {{ source('raw', 'session_costs') }}
where {{ is_known_content('sha256') }}
