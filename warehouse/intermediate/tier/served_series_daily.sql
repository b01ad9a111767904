-- One row per UTC day, target, model, counter and reason that it states: its first and last minute.
--
-- Small beside the minutes, so what rests on all days of a target reads it here.
select
    {{ utc_date('minute_at') }} as date,
    target,
    model_name,
    metric,
    case when metric = 'requests_finished' then coalesce(reason, 'unknown') else '' end as reason,
    min(minute_at) as first_minute_at,
    max(minute_at) as last_minute_at
from {{ ref('stg_telemetry__counters') }}
where
    metric in (
        'prompt_tokens',
        'generation_tokens',
        'cached_prompt_tokens',
        'preemptions',
        'requests_finished'
    )
group by all
order by date, target, model_name, metric, reason
