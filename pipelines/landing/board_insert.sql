-- Keep every board that can be believed, and the absence of those that the answer covers but has no rows for.
create or replace temp table believed as
select
    covered.date,
    boards.content_hash,
    coalesce(boards.row_count, 0) as row_count,
    coalesce(boards.has_other, false) as has_other
from covered
left join boards on covered.date = boards.date
where
    exists (from typed)
    and covered.date not in (select problems.date from problems where problems.is_withheld and problems.date is not null);

insert into raw.board_rows by name
select distinct
    believed.content_hash,
    typed.model_permaslug,
    typed.total_tokens
from typed
inner join believed on typed.date = believed.date
where believed.content_hash not in (select known_rows.content_hash from raw.board_rows as known_rows);

insert or ignore into raw.board_days by name
select
    getvariable('sha256') as sha256,
    getvariable('slice') as slice,
    getvariable('grain') as grain,
    getvariable('as_of') as as_of,
    getvariable('origin') as origin,
    date,
    content_hash,
    row_count,
    has_other
from believed;

insert into raw.quarantine by name
select
    getvariable('sha256') as sha256,
    getvariable('source') as source,
    getvariable('slice') as slice,
    getvariable('grain') as grain,
    date,
    reason,
    detail
from problems;
