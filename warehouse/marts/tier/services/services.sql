-- One row per service: its replicas now and gone, their devices, models and engines, and its time.
--
-- A target that names no service is one by itself, of the same name.
with models as (
    select
        service,
        count(distinct model_name) as models,
        string_agg(distinct model_name, ', ' order by model_name) as model_names
    from {{ ref('served_models') }}
    where model_name <> 'unknown'
    group by service
),

replicas as (
    select
        service,
        count(*) filter (where state = 'present') as replicas_now,
        count(*) filter (where state = 'gone') as replicas_gone,
        count(*) filter (where state = 'unlisted') as replicas_unlisted,
        coalesce(sum(devices) filter (where state = 'present'), 0)::bigint as devices_now,
        bool_or(is_load_simulated) as is_load_simulated,
        string_agg(distinct engine, ', ' order by engine) as engines,
        string_agg(distinct device_kind, ', ' order by device_kind) as device_kinds,
        min(first_minute_at) as first_minute_at,
        max(last_minute_at) as last_minute_at,
        max(gone_at) as last_gone_at
    from {{ ref('service_replicas') }}
    group by service
)

select
    replicas.service,
    replicas.replicas_now,
    replicas.replicas_gone,
    replicas.replicas_unlisted,
    replicas.devices_now,
    replicas.is_load_simulated,
    coalesce(models.models, 0) as models,
    models.model_names,
    replicas.engines,
    replicas.device_kinds,
    replicas.first_minute_at,
    replicas.last_minute_at,
    case when replicas.replicas_now = 0 then replicas.last_gone_at end as gone_at
from replicas
left join models
    using (service)
order by replicas.service
