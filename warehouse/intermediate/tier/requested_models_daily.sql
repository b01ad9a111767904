-- One row per UTC day, target and model that our own tier was asked for: its requests.
select
    {{ utc_date('arrival_at') }} as date,
    target,
    model_name,
    count(*) as requests
from {{ ref('stg_telemetry__requests') }}
group by all
order by date, target, model_name
