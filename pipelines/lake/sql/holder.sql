-- The last holder of the builder's lease.
select
    holder,
    taken_at at time zone 'UTC' as taken_at
from tokentide_builders
order by epoch desc
limit 1;
