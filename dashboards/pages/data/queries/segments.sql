-- One row per UTC day, kind and outcome of telemetry segments, the newest first.
select
    coalesce(first_at, loaded_at)::date as date,
    kind,
    outcome,
    count(*) as segments,
    sum(rows)::bigint as rows,
    min(first_at) as first_at,
    max(last_at) as last_at,
    any_value(reason) as reason
from telemetry_log
group by all
order by date desc, kind, outcome
limit 2000
