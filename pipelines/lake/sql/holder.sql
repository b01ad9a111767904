-- The last holder of the builder's lease, whether it gave it back, and whether somebody has it now.
with held as (
    select count(*) as locks
    from pg_locks
    where
        pg_locks.locktype = 'advisory' and pg_locks.granted and pg_locks.objsubid = 1
        and pg_locks.database = (
            select pg_database.oid from pg_database where pg_database.datname = current_database()
        )
        and (pg_locks.classid::bigint << 32) | pg_locks.objid::bigint
        = hashtextextended('tokentide builder', 0)
)

select
    builders.epoch,
    builders.holder,
    builders.taken_at at time zone 'UTC' as taken_at,
    builders.released_at is not null as is_released,
    held.locks > 0 as is_held,
    (select max(every.maintained_at) at time zone 'UTC' from tokentide_builders as every) as maintained_at
from tokentide_builders as builders
cross join held
order by builders.epoch desc
limit 1;
