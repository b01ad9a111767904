-- One row per requested day: whether an answer of this run has figures for it, whether one covers it, and what was wrong with it.
with answers as (
    select distinct sha256 from raw.answers
    where run_id = $run_id and status in (200, 304) and source in ('rankings_daily', 'rankings_export')
),
rankings as (
    select date, bool_or(content_hash is not null) as has_content
    from raw.ranking_days inner join answers using (sha256)
    where slice = 'all' and grain = 'day'
    group by date
),
faults as (
    select date, string_agg(distinct reason, '; ' order by reason) as reason
    from raw.quarantine inner join answers using (sha256)
    where slice = 'all' and date is not null
    group by date
)
select requested.date, coalesce(rankings.has_content, false), rankings.date is not null, faults.reason
from (select unnest(generate_series($start::date, $end::date, interval 1 day))::date as date) as requested
left join rankings on requested.date = rankings.date
left join faults on requested.date = faults.date
order by requested.date
