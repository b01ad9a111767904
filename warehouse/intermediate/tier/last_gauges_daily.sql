-- One row per UTC day, target, model and gauge of its weights: the last value, and the last above 0.
select
    {{ utc_date('minute_at') }} as date,
    target,
    model_name,
    metric,
    last_value > 0 as is_positive,
    max(minute_at) as last_at,
    -- Of several devices that report in one minute always the same one counts.
    arg_max(last_value, (minute_at, last_value)) as last_value
from {{ ref('stg_telemetry__gauges') }}
where metric in ('weight_bytes', 'parameters')
group by all
order by date, target, model_name, metric, is_positive
