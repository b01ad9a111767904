-- One row per day of rankings that an earlier answer of the very same instant shows otherwise: the last instant it is known from.
create or replace temp table clashes as
select
    days.date,
    max(days.as_of) filter (where days.as_of < getvariable('as_of') + interval 1 second) as as_of
from raw.ranking_days as days
inner join covered on days.date = covered.date
left join ranked_days on days.date = ranked_days.date
where
    days.slice = getvariable('slice')
    and days.grain = getvariable('grain')
    and days.sha256 <> getvariable('sha256')
group by days.date
having
    bool_or(days.as_of = getvariable('as_of') and days.content_hash is distinct from ranked_days.content_hash)
    and not bool_or(days.as_of >= getvariable('as_of') and days.content_hash is not distinct from ranked_days.content_hash);

-- Keep every valid day, and the absence of those that the answer covers but has no rows for.
create or replace temp table valid_days as
select
    covered.date,
    -- An instant that was given for other figures before tells nothing; then a day is known from when it was fetched, and later than those.
    case
        when clashes.as_of is null then getvariable('as_of')
        else greatest(getvariable('fetched_at'), clashes.as_of + interval 1 millisecond)
    end as as_of,
    ranked_days.content_hash,
    coalesce(ranked_days.row_count, 0) as row_count,
    coalesce(ranked_days.has_other, false) as has_other
from covered
left join ranked_days on covered.date = ranked_days.date
left join clashes on covered.date = clashes.date
where
    exists (from typed)
    and covered.date not in (select problems.date from problems where problems.is_withheld and problems.date is not null);

insert into raw.ranking_rows by name
select distinct
    valid_days.content_hash,
    typed.model_permaslug,
    typed.total_tokens
from typed
inner join valid_days on typed.date = valid_days.date
where valid_days.content_hash not in (select known_rows.content_hash from raw.ranking_rows as known_rows);

insert or ignore into raw.ranking_days by name
select
    getvariable('sha256') as sha256,
    getvariable('slice') as slice,
    getvariable('grain') as grain,
    as_of,
    getvariable('origin') as origin,
    date,
    content_hash,
    row_count,
    has_other
from valid_days;

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
