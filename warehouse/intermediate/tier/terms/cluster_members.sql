-- One row per cluster, target and span of hours in which both entries of the tier file held.
--
-- A list of targets may bring one that the patterns of two clusters match; an hour of it belongs to
-- the first of them by name, see cluster_efficiency_hourly.
with clusters as (
    select
        name as cluster,
        unnest(entry ->> '$.targets[*]') as pattern,
        (entry ->> '$.alone_tokens_per_second')::double as alone_tokens_per_second,
        from_at,
        until_at
    from {{ ref('stg_telemetry__tier_hours') }}
    where section = 'cluster'
)

-- Two patterns of a cluster may match one target.
select distinct
    clusters.cluster,
    terms.target,
    terms.devices,
    clusters.alone_tokens_per_second,
    greatest(clusters.from_at, terms.from_at) as from_at,
    least(clusters.until_at, terms.until_at) as until_at
from clusters
inner join {{ ref('target_terms') }} as terms
    on
        clusters.from_at < terms.until_at
        and terms.is_in_tier_file
        and clusters.until_at > terms.from_at
        and terms.target glob clusters.pattern
