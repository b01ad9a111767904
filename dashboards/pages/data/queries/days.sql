-- One row per UTC day from the first that the source offers to the newest that it can have:
-- loaded, or why not.
with bounds as (
    select
        least(date '2025-01-01', min(date)) as first_date,
        greatest(max(date), (select published_at::date - 1 from meta)) as last_date
    from market_days
),

days as (
    select range::date as date from bounds, range(first_date, last_date + interval 1 day, interval 1 day)
)

select
    days.date,
    case
        when known.date is null then 'not asked'
        when known.is_missing then 'missing'
        when known.is_withdrawn then 'withdrawn'
        when known.is_other_missing then 'no other'
        when known.version > 1 then 'restated'
        else 'loaded'
    end as state,
    known.platform_tokens,
    known.version,
    known.as_of,
    known.answer_sha256
from days
left join market_days as known on days.date = known.date
where exists (select 1 from market_days)
order by days.date
