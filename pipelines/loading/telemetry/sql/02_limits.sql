-- One row per target of these segments: the longest time between two scrapes, and between two
-- readings of a meter, that counts as covered.
create or replace temp table limits as
with tier_targets as (
    select
        entry ->> '$.name' as target,
        (entry ->> '$.scrape_seconds')::double as scrape_seconds
    from raw.tier_file
    where section = 'target'
),

intervals as (
    select
        targets.target,
        getvariable('gap_intervals')
        * coalesce(tier_targets.scrape_seconds, getvariable('scrape_seconds')) as max_seconds
    from (select distinct incoming.target from incoming) as targets
    left join tier_targets
        on targets.target = tier_targets.target
)

select
    target,
    to_microseconds(
        (greatest(getvariable('min_gap_seconds'), max_seconds) * 1e6)::bigint
    ) as gap,
    to_microseconds(
        (greatest(getvariable('min_power_gap_seconds'), max_seconds) * 1e6)::bigint
    ) as power_gap
from intervals;
