-- One row per target, model, histogram, labels and hour: number of observations, and their sum.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    metric,
    labels,
    hour_at,
    sum(growth) filter (where part = 'count') as observations,
    sum(growth) filter (where part = 'sum') as total
from {{ source('ledger', 'histogram_hours') }}
where
    part in ('count', 'sum')
    and {{ is_known_hour('hour_at') }}
group by all
