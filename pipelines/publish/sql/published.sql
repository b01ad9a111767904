-- One row per table of the marts: what generation $generation holds of it.
insert into main.published
select
    $generation::integer as generation,
    relation[len('"marts"."') + 1:-2] as relation,
    content
from main.made
where starts_with(relation, '"marts".') and not starts_with(node, 'test.')
