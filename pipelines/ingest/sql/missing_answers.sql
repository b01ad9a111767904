-- Answers of the warehouse before that no log of the archive names: they wait as damaged ones do.
insert into raw.answers by name
select
    before.* replace (
        'damaged' as outcome,
        0::bigint as rows,
        'the archive no longer has the line of this answer in its log' as reason
    )
from before
where before.answer_id not in (select known.answer_id from raw.answers as known)
