-- One row per UTC day, model, host and tag: a host that served the model on the day or on one of the
-- six days before, sampled or not. A gap in its samples must not change whom we are compared with.
with host_days as (
    select
        window_at::date as date,
        model_permaslug,
        provider_name,
        tag,
        mode(quantization order by quantization) as quantization
    from {{ ref('host_speeds_half_hourly') }}
    group by all
)

select
    date + days.later as date,
    model_permaslug,
    provider_name,
    tag,
    arg_min(quantization, days.later) as quantization
from host_days,
    unnest([0, 1, 2, 3, 4, 5, 6]) as days (later)
group by all
order by date, model_permaslug, provider_name, tag
