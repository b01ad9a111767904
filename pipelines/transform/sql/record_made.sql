-- One row: a node that was just made.
insert into main.made
values ($node, $relation, $inputs, $content)
on conflict (node) do update set
    relation = excluded.relation,
    inputs = excluded.inputs,
    content = excluded.content
