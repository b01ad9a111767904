-- One row per table of the marts that the last builds made: its name, and the hash of its content.
select
    relation[len('"marts"."') + 1:-2] as relation,
    content
from main.made
where starts_with(relation, '"marts".') and not starts_with(node, 'test.')
