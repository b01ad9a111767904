-- One row per table of the marts: what generation $generation holds of it.
insert into main.published by name
select
    $generation::integer as generation,
    made.relation[len('"marts"."') + 1:-2] as relation,
    made.content,
    made.base,
    (select coalesce(max(slices.changed), 0) from main.slices) as changed
from main.made
where starts_with(made.relation, '"marts".') and not starts_with(made.node, 'test.')
