-- One row per UTC hour, target and model with a prefix cache: tokens looked up in it, and found.
with hours as (
    select
        hour_at,
        target,
        model_name,
        sum(growth) filter (where metric = 'prefix_queries') as queries,
        sum(growth) filter (where metric = 'prefix_hits') as hits
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('prefix_queries', 'prefix_hits')
    group by all
)

select
    hour_at,
    target,
    model_name,
    round(queries)::bigint as queries,
    round(hits)::bigint as hits,
    hits / queries as hit_share
from hours
where queries > 0
order by hour_at, target, model_name
