-- One row per answer of these that is not loaded yet. Ids begin with the instant, so the bounds leave out most of the table.
select new.id
from (select unnest($ids::varchar[]) as id) as new
where
    new.id not in (
        select known.answer_id
        from raw.answers as known
        where
            known.answer_id between $first_id and $last_id -- noqa: RF02
            and known.outcome <> 'damaged'
    )
