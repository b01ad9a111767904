-- One row per target, model, histogram, labels, hour and bucket: growth of its cumulative count.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    metric,
    labels,
    hour_at,
    le as bucket_end,
    growth,
    counted
from {{ source('ledger', 'histogram_hours') }}
where
    part = 'bucket'
    and {{ is_known_hour('hour_at') }}
