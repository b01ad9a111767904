-- One row per requested day: whether an answer of this run has figures for it, whether one covers it, and what was wrong with it.
with answers as (
    select distinct sha256
    from raw.answers
    where
        run_id = $run_id
        and status in (200, 304)
        and source in ('rankings_daily', 'rankings_export')
),

rankings as (
    select
        days.date,
        bool_or(days.content_hash is not null) as has_content
    from raw.ranking_days as days
    inner join answers using (sha256)
    where
        days.slice = 'all'
        and days.grain = 'day'
    group by days.date
),

faults as (
    select
        quarantine.date,
        string_agg(distinct quarantine.reason, '; ' order by quarantine.reason) as reason
    from raw.quarantine as quarantine
    inner join answers using (sha256)
    where
        quarantine.slice = 'all'
        and quarantine.date is not null
    group by quarantine.date
),

requested as (
    select unnest(generate_series($first_date::date, $last_date::date, interval 1 day))::date as date
)

select
    requested.date,
    coalesce(rankings.has_content, false) as has_content,
    rankings.date is not null as is_covered,
    faults.reason
from requested
left join rankings on requested.date = rankings.date
left join faults on requested.date = faults.date
order by requested.date
