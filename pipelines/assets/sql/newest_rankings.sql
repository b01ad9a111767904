-- One row per day from first to last: the newest rankings that are known of it.
with newest as (
    select
        date,
        max(as_of) as as_of,
        arg_max(content_hash, as_of) as content_hash
    from raw.ranking_days
    where
        slice = 'all'
        and grain = 'day'
        and content_hash is not null
        and date between $first_date and $last_date
    group by date
)

select
    newest.date,
    newest.as_of,
    count(*) as models,
    sum(ranking.total_tokens)::bigint as total_tokens
from newest
inner join raw.ranking_rows as ranking using (content_hash)
group by newest.date, newest.as_of
