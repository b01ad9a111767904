-- One row per answer of these that is not loaded yet. Ids begin with the instant, so the bounds leave out most of the table.
select id
from (select unnest($ids::varchar[]) as id)
where id not in (select answer_id from raw.answers where answer_id between $first and $last)
