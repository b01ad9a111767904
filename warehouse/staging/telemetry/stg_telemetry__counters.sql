-- One row per target, model, device, counter, labels and minute: growth between samples.
select
    target,
    coalesce(model_name, 'unknown') as model_name,
    coalesce(device, '') as device,
    metric,
    labels,
    minute_at,
    hour_at,
    growth,
    unknown_reason,
    resets,
    {{ label_value('labels', 'reason') }} as reason,
    {{ label_value('labels', 'source') }} as prompt_source,
    {{ label_value('labels', 'cache_source') }} as cache_source,
    {{ label_value('labels', 'position') }}::integer as position,
    {{ label_value('labels', 'schedule') }} as schedule,
    {{ label_value('labels', 'layer') }} as layer,
    {{ label_value('labels', 'expert') }} as expert
from {{ source('ledger', 'counter_minutes') }}
where {{ is_known_hour('hour_at') }}
