-- Any figure can be followed to the raw answer that it was read from, and is as real or as simulated as that answer.
{% set marts = [
    'endpoint_speed', 'market_apps_daily', 'market_days', 'market_slices', 'market_task_models_daily', 'market_tasks_daily',
    'market_tokens_daily', 'market_tokens_revisions', 'model_benchmarks', 'model_prices_daily', 'providers', 'session_costs_weekly',
] %}
with said as (
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

select said.*
from said
left join {{ ref('ingest_log') }} as log
    on
        said.answer_sha256 = log.sha256
        and said.origin = log.origin
where
    log.answer_id is null
    -- A day that the source does not have rests on no answer's figures.
    and (said.mart <> 'market_days' or said.answer_sha256 is not null)
