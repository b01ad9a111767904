-- One row: a node that was just made.
insert or replace into main.made by name
select
    $node as node,
    $relation as relation,
    $inputs as inputs,
    $base as base,
    $content as content,
    $seen::bigint as seen,
    $slice::varchar[] as slice
