-- One row: the first day that no answer has covered yet.
with days as (
    select unnest(generate_series($first_date::date, $last_date::date, interval 1 day))::date as date
)

select min(days.date) as date
from days
where
    days.date not in (
        select known.date
        from raw.ranking_days as known
        where
            known.slice = 'all'
            and known.grain = 'day'
    )
