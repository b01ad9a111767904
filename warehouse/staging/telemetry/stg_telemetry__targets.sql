-- One row per target that the tier ever had: what it is by its newest entry.
--
-- What a target is counts for all its time; its devices and costs count while they held, see
-- target_terms.
with newest as (
    select
        name as target,
        arg_max(entry, coalesce(valid_from, '-infinity')) as entry,
        arg_max(coalesce(valid_to, 'infinity'), coalesce(valid_from, '-infinity')) as until_at
    from {{ source('raw', 'tier_file') }}
    where section = 'target'
    group by name
)

select
    target,
    coalesce(entry ->> '$.service', target) as service,
    entry ->> '$.engine' as engine,
    coalesce((entry ->> '$.devices')::integer, 1) as devices,
    entry ->> '$.device_kind' as device_kind,
    coalesce((entry ->> '$.scrape_seconds')::double, 5) as scrape_seconds,
    entry ->> '$.quantization' as quantization,
    coalesce(entry ->> '$.load' = 'simulated', false) as is_load_simulated,
    case when until_at < 'infinity' then until_at end as gone_at
from newest
