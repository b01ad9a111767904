-- One row per target, model, device, gauge, labels and minute: mean, bounds and last value.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    coalesce(device, '') as device,
    metric,
    labels,
    minute_at,
    hour_at,
    mean_value,
    least_value as min_value,
    most_value as max_value,
    last_value,
    samples,
    coalesce({{ label_value('labels', 'scope') }} = 'card', false) as is_of_card
from {{ source('ledger', 'gauge_minutes') }}
where {{ is_known_hour('hour_at') }}
