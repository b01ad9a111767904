-- One row per target, model, device, gauge, labels and minute: its mean, least, most and last value.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    coalesce(device, '') as device,
    metric,
    labels,
    minute_at,
    hour_at,
    mean_value,
    least_value,
    most_value,
    last_value,
    samples,
    coalesce({{ label_of('labels', 'scope') }} = 'card', false) as is_of_card
from {{ source('ledger', 'gauge_minutes') }}
where {{ is_known_hour('hour_at') }}
