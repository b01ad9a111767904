-- One row per target of these segments: the longest time between two scrapes, and between two
-- readings of a meter, that counts as covered; and how far from a new sample facts may change.
-- Pages that do not say when their process started are compared over `settle`: a counter that falls
-- and rises again within it did not restart.
create or replace temp table limits as
with tier_targets as (
    select
        name as target,
        (arg_max(entry, coalesce(valid_from, '-infinity')) ->> '$.scrape_seconds')::double
            as scrape_seconds
    from raw.tier_file
    where section = 'target'
    group by name
),

intervals as (
    select
        targets.target,
        getvariable('gap_intervals')
        * coalesce(tier_targets.scrape_seconds, getvariable('scrape_seconds')) as max_seconds,
        getvariable('settle_intervals')
        * coalesce(tier_targets.scrape_seconds, getvariable('scrape_seconds')) as settle_seconds,
        targets.has_no_start
    from (
        select
            incoming.target,
            bool_or(incoming.started_at is null and incoming.metric <> 'up') as has_no_start
        from incoming
        group by incoming.target
    ) as targets
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
    ) as power_gap,
    to_microseconds((settle_seconds * 1e6)::bigint) as settle,
    to_microseconds(
        (
            greatest(
                getvariable('min_gap_seconds'),
                max_seconds,
                case when has_no_start then settle_seconds else 0 end
            ) * 1e6
        )::bigint
    ) as reach
from intervals;
