-- One row: how the build ended, and how many nodes it could not make or found wrong.
create or replace table main.last_build as
select
    now() as ended_at,
    if($wrong = 0, 'passed', 'failed') as outcome,
    $wrong::integer as wrong_nodes
