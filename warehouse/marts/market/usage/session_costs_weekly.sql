-- One row per window, app, model and range of turns: the median cost of a coding session.
select
    costs.window_end_date,
    costs.app_slug,
    costs.model_permaslug,
    costs.turn_range,
    costs.median_session_cost_usd,
    costs.app_name,
    costs.window_days,
    costs.as_of,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    costs.answer_sha256
from {{ ref('stg_openrouter__session_costs') }} as costs
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        costs.answer_sha256 = answers.sha256
        and answers.source = 'session_costs'
where costs.window_end_date is not null
qualify
    row_number() over (
        partition by costs.window_end_date, costs.app_slug, costs.model_permaslug, costs.turn_range
        order by costs.as_of desc, answers.captured_at desc
    ) = 1
order by costs.window_end_date, costs.app_slug, costs.model_permaslug, costs.turn_range
