-- One row per target that the tier ever had: the service that it is a replica of, and since when.
--
-- A target that left the tier file, or that the last good list no longer has, is gone, not missing.
with watched as (
    select
        target,
        min(first_minute_at) as first_minute_at,
        max(last_minute_at) as last_minute_at
    from {{ ref('watched_daily') }}
    group by target
),

served as (
    select
        target,
        count(*) filter (where model_name <> 'unknown') as models,
        string_agg(model_name, ', ' order by model_name) filter (where model_name <> 'unknown')
            as model_names
    from {{ ref('served_models') }}
    group by target
),

all_targets as (
    select target from {{ ref('stg_telemetry__targets') }}
    union
    select target from watched
    union
    select target from served
)

select
    all_targets.target,
    coalesce(targets.service, all_targets.target) as service,
    case
        when targets.target is null then 'unlisted'
        when targets.gone_at is not null then 'gone'
        else 'present'
    end as state,
    targets.gone_at,
    targets.engine,
    targets.device_kind,
    targets.devices,
    coalesce(targets.is_load_simulated, false) as is_load_simulated,
    coalesce(served.models, 0) as models,
    served.model_names,
    watched.first_minute_at,
    watched.last_minute_at
from all_targets
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
left join watched
    using (target)
left join served
    using (target)
order by service, all_targets.target
