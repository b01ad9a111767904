-- One row per UTC day and public app: the tokens and requests that it sent, from the newest answer.
select
    apps.start_date as date,
    apps.app_id,
    apps.app_name,
    apps.rank,
    apps.total_tokens,
    apps.total_requests,
    apps.as_of,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    apps.answer_sha256
from {{ ref('stg_openrouter__apps') }} as apps
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        apps.answer_sha256 = answers.sha256
        and answers.source = 'app_rankings'
where apps.start_date = apps.end_date
-- Ranks of two answers do not fit together, so each day comes from one answer.
qualify
    dense_rank()
        over (partition by apps.start_date order by apps.as_of desc, answers.captured_at desc)
    = 1
    and row_number() over (
        partition by apps.start_date, apps.app_id
        order by apps.as_of desc, answers.captured_at desc, apps.rank
    ) = 1
order by apps.start_date, apps.rank
