-- One row per model and hour: the bucket in which the 99th of 100 lies, and the place within it, linear as in
-- Prometheus.
with buckets as (
    select model_name, hour_at, le, sum(growth) as seen
    from ledger.histogram_hours
    where metric = 'ttft_seconds' and part = 'bucket'
    group by all
),
ranked as (
    select
        model_name, hour_at, le, seen,
        0.99 * max(seen) over hour as wanted,
        coalesce(lag(seen) over (hour order by le), 0) as below,
        coalesce(lag(le) over (hour order by le), 0) as lower
    from buckets
    window hour as (partition by model_name, hour_at)
)
select model_name, hour_at, lower + (le - lower) * (wanted - below) / (seen - below) as p99_seconds
from ranked
where seen >= wanted and below < wanted
order by all
