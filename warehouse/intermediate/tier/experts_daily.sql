-- One row per UTC day, target, model and layer: the experts whose tokens were counted.
select
    {{ utc_date('hour_at') }} as date,
    target,
    model_name,
    layer,
    list(distinct expert order by expert) as experts
from {{ ref('stg_telemetry__counters') }}
where
    metric = 'expert_tokens'
    and layer is not null
group by all
order by date, target, model_name, layer
