-- One row: a node that was just made.
insert or replace into main.made (node, relation, inputs, base, content, seen, slice)
values ($node, $relation, $inputs, $base, $content, $seen, $slice)
