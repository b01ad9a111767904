-- The epoch of a new holder of the builder's lease, above all before.
insert into tokentide_builders (epoch, holder)
select
    coalesce(max(epoch), 0) + 1 as epoch,
    %s as holder
from tokentide_builders
returning epoch;
