-- Every figure can be traced to the raw answer that it was read from, and has the origin of that
-- answer.
{% set marts = [
    'download_quarantine', 'endpoint_speed', 'hub_models', 'market_apps_daily', 'market_days',
    'market_slices',
    'market_task_models_daily', 'market_tasks_daily', 'market_tokens_daily',
    'market_tokens_revisions', 'model_benchmarks', 'model_downloads_daily', 'model_prices_daily', 'model_quality',
    'providers',
    'quality_gap_daily', 'quality_lead_changes', 'session_costs_weekly',
] %}
with figures as (
    {% for mart in marts %}
        select distinct
            '{{ mart }}' as mart,
            origin,
            answer_sha256
        from {{ ref(mart) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select figures.*
from figures
left join {{ ref('ingest_log') }} as log
    on
        figures.answer_sha256 = log.sha256
        and figures.origin = log.origin
where
    log.answer_id is null
    -- A day that the source does not have rests on no answer's figures.
    and (figures.mart <> 'market_days' or figures.answer_sha256 is not null)
