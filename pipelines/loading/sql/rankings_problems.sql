-- One row per fault in the answer: its day, the reason, and what was seen.
-- `is_withheld` says that the day must not be loaded from this answer; the other days are.
create or replace temp table problems as
select
    date,
    'unreadable date' as reason,
    json_object('date', said_date, 'model_permaslug', model_permaslug) as detail,
    true as is_withheld
from typed
where date is null

union all by name
select
    date,
    case
        when said_tokens is null then 'missing count'
        when regexp_full_match(said_tokens, '-\d+(\.\d+)?') then 'negative count'
        when regexp_full_match(said_tokens, '\d+\.\d+') then 'fractional count'
        else 'unreadable count'
    end as reason,
    json_object('model_permaslug', model_permaslug, 'total_tokens', said_tokens[:80]) as detail,
    true as is_withheld
from typed
where total_tokens is null

union all by name
select
    date,
    'unreadable model' as reason,
    json_object('model_permaslug', model_permaslug[:80], 'total_tokens', said_tokens[:80]) as detail,
    true as is_withheld
from typed
where coalesce(length(model_permaslug), 0) not between 1 and 200

union all by name
select
    date,
    'duplicated model' as reason,
    json_object('model_permaslug', model_permaslug, 'times', count(*)) as detail,
    true as is_withheld
from typed
where date is not null
group by date, model_permaslug
having count(*) > 1

union all by name
select
    date,
    case
        when date >= getvariable('as_of')::date then 'day was not over when the answer was given'
        else 'day outside the window that was asked for'
    end as reason,
    json_object('rows', row_count) as detail,
    true as is_withheld
from ranked_days
where date not in (select covered.date from covered)

union all by name
select
    date,
    'every count is zero' as reason,
    json_object('rows', row_count) as detail,
    true as is_withheld
from ranked_days
where largest_tokens = 0

union all by name
-- The unfiltered board names 50 models. Only `other` may be left out, where nothing is left to sum up.
select
    date,
    case when named_count < 50 then 'short day' else 'too many models' end as reason,
    json_object('models', named_count, 'has_other', has_other) as detail,
    true as is_withheld
from ranked_days
where
    getvariable('slice') = 'all'
    and named_count <> 50

union all by name
-- Filtered rankings may name fewer models, but not suddenly less than half of those of the day or of the one before.
select
    ranked_days.date,
    'short day' as reason,
    json_object('models', ranked_days.row_count, 'before', coalesce(known.row_count, before.row_count)) as detail,
    true as is_withheld
from ranked_days
left join known on ranked_days.date = known.date
left join known as before
    on ranked_days.date = before.date + case getvariable('grain') when 'week' then 7 else 1 end
where
    getvariable('slice') <> 'all'
    and 2 * ranked_days.row_count < coalesce(known.row_count, before.row_count)
    and coalesce(known.row_count, before.row_count) - ranked_days.row_count > 5

union all by name
-- A handful of rows may repeat by chance; ten counts that all repeat to the token do not.
select
    ranked_days.date,
    'same board as the day before' as reason,
    json_object('rows', ranked_days.row_count) as detail,
    true as is_withheld
from ranked_days
left join ranked_days as before on ranked_days.date = before.date + 1
left join known on ranked_days.date = known.date + 1
where
    getvariable('grain') = 'day'
    and ranked_days.row_count >= 10
    and ranked_days.content_hash = coalesce(before.content_hash, known.content_hash)

union all by name
-- A source that ignores the filter ignores it for every day, also for those with which nothing can be compared.
select
    ranked_days.date,
    case
        when exists (from unfiltered where unfiltered.slice = 'all') then 'same as without the filter'
        else 'same as with another filter'
    end as reason,
    json_object('rows', ranked_days.row_count) as detail,
    true as is_withheld
from ranked_days
where exists (from unfiltered)

union all by name
select
    null as date,
    'no rows at all' as reason,
    json_object('from', getvariable('first_date'), 'to', getvariable('last_date')) as detail,
    true as is_withheld
where
    not exists (from typed)
    -- A filter may leave nothing, but not where it left something before.
    and (getvariable('slice') = 'all' or exists (from known))

union all by name
-- Rows whose date cannot be read belong to some day of the window, so a day without rows is not known to be absent.
select
    covered.date,
    'rows with unreadable dates' as reason,
    null as detail,
    true as is_withheld
from covered
where
    covered.date not in (select ranked_days.date from ranked_days where ranked_days.date is not null)
    and exists (from typed where typed.date is null)

union all by name
select
    covered.date,
    case when known.date is null then 'no rows yet for a day that is over' else 'a known day vanished' end as reason,
    null as detail,
    false as is_withheld
from covered
left join known on covered.date = known.date
where
    -- A filter may leave nothing of a day, but not where it left something before.
    (getvariable('slice') = 'all' or known.date is not null)
    and covered.date not in (select ranked_days.date from ranked_days)
    and exists (from typed)
    and not exists (from typed where typed.date is null)
    -- A day that is long over and was never seen is missing at the source; that is a fact, not a fault.
    and (known.date is not null or covered.date >= getvariable('as_of')::date - 2);
