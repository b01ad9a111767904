-- One row: a build that has not ended. Publishing refuses what it may have left half made.
create or replace table main.last_build as
select
    now() as ended_at,
    'did not end' as outcome,
    0 as wrong_nodes
