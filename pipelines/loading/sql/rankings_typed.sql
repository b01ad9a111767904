-- One row per row of the answer, its text read as a day and a count; what cannot be read is null.
create or replace temp table typed as
select
    model_permaslug,
    date as said_date,
    total_tokens as said_tokens,
    case when regexp_full_match(date, '\d{4}-\d{2}-\d{2}') then try_cast(date as date) end as date,
    -- A whole number may have come as a JSON number, so 12.0 is 12; 12.5 is nothing.
    case
        when regexp_full_match(total_tokens, '\d{1,19}(\.0+)?') then try_cast(split_part(total_tokens, '.', 1) as bigint)
    end as total_tokens
from incoming;

-- One row per day of rankings of the answer. The hash covers models and counts but not the day, so a day that was served again under another
-- day is seen to be the same.
create or replace temp table ranked_days as
select
    date,
    count(*)::integer as row_count,
    count(distinct model_permaslug) filter (where model_permaslug <> 'other')::integer as named_count,
    bool_or(model_permaslug = 'other') as has_other,
    max(total_tokens) as largest_tokens,
    sum(total_tokens)::bigint as total_tokens,
    sha256(string_agg(model_permaslug || '=' || total_tokens, chr(10) order by model_permaslug, total_tokens)) as content_hash
from typed
where date is not null
group by date;

-- One row per day of rankings already known: its content as last learned before this answer was given.
create or replace temp table known as
select
    date,
    arg_max(content_hash, as_of) as content_hash,
    arg_max(row_count, as_of) as row_count
from raw.ranking_days
where
    slice = getvariable('slice')
    and grain = getvariable('grain')
    and as_of <= getvariable('as_of')
    and sha256 <> getvariable('sha256')
    and content_hash is not null
group by date;

-- One row per day of rankings that the answer's window covers, whether it has rows or not. A day is covered once it is over.
create or replace temp table covered as
select unnest(
    generate_series(
        getvariable('first_date'),
        least(getvariable('last_date'), getvariable('as_of')::date - 1),
        case getvariable('grain') when 'week' then interval 7 day else interval 1 day end
    )
)::date as date;

-- One row per day or week of filtered rankings that shows what other rankings show: those of all traffic, or those of another filter.
create or replace temp table unfiltered as
with newest_days as (
    select
        date,
        arg_max(content_hash, as_of) as content_hash
    from raw.ranking_days
    where
        getvariable('grain') = 'week'
        and slice = 'all'
        and grain = 'day'
        and content_hash is not null
        and date between getvariable('first_date') and getvariable('last_date')
    group by date
),

weeks as (
    select
        date_trunc('week', newest_days.date)::date as date,
        sum(ranking.total_tokens)::bigint as total_tokens
    from newest_days
    inner join raw.ranking_rows as ranking using (content_hash)
    group by all
    having count(distinct newest_days.date) = 7
)

select
    ranked_days.date,
    days.slice
from ranked_days
inner join raw.ranking_days as days
    on
        ranked_days.date = days.date
        and ranked_days.content_hash = days.content_hash
where
    getvariable('slice') <> 'all'
    -- Few counts may be equal by chance; ten are not.
    and ranked_days.row_count >= 10
    and days.grain = getvariable('grain')
    and days.slice <> getvariable('slice')
    -- Filters of two kinds may mean the same, such as the category and the language of programs.
    and split_part(days.slice, '=', 1) in ('all', split_part(getvariable('slice'), '=', 1))

union all
-- A week of all traffic names other models than its days do, but has as many tokens, but for a restatement meanwhile.
select
    ranked_days.date,
    'all' as slice
from ranked_days
inner join weeks on ranked_days.date = weeks.date
where
    getvariable('slice') <> 'all'
    and abs(ranked_days.total_tokens - weeks.total_tokens) <= weeks.total_tokens * 1e-6;
