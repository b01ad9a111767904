-- One row per target, model, device, counter, labels and minute: what the counter grew by between samples.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    coalesce(device, '') as device,
    metric,
    labels,
    minute_at,
    hour_at,
    growth,
    resets,
    {{ label_of('labels', 'reason') }} as reason,
    {{ label_of('labels', 'source') }} as prompt_source,
    {{ label_of('labels', 'position') }}::integer as position,
    {{ label_of('labels', 'schedule') }} as schedule,
    {{ label_of('labels', 'layer') }} as layer,
    {{ label_of('labels', 'expert') }} as expert
from {{ source('ledger', 'counter_minutes') }}
where {{ is_known_hour('hour_at') }}
