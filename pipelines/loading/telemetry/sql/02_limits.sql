-- One row per target that segments speak of: the longest time between two scrapes, or two readings of a meter, that counts as watched.
create or replace temp table limits as
with asked as (
    select
        entry ->> '$.name' as target,
        (entry ->> '$.scrape_seconds')::double as scrape_seconds
    from raw.tier_file
    where section = 'target'
)

select
    targets.target,
    to_microseconds((greatest(15, 3 * coalesce(asked.scrape_seconds, 5)) * 1e6)::bigint) as gap,
    to_microseconds((greatest(3, 3 * coalesce(asked.scrape_seconds, 5)) * 1e6)::bigint) as power_gap
from (select distinct incoming.target from incoming) as targets
left join asked
    on targets.target = asked.target;
