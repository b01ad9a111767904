-- One row per model, reason and span of days: counters that are not used, and renames.
--
-- Counters of a day on which most stood still are not listed here; download_days has the day.
with readings as (
    select
        hub_id,
        model_id,
        date,
        reason,
        downloads_all_time,
        origin,
        answer_sha256,
        dense_rank() over (order by date) as day_number
    from {{ ref('hub_counter_readings') }}
),

wrong as (
    select *
    from readings
    where
        reason is not null
        and reason <> 'stood still'
    union all by name
    -- Where counting begins again, the count itself is used from then on.
    select
        daily.hub_id,
        daily.model_id,
        daily.date,
        daily.reason,
        daily.downloads_all_time,
        daily.origin,
        daily.answer_sha256,
        readings.day_number
    from {{ ref('model_downloads_daily') }} as daily
    inner join readings
        using (hub_id, date)
    where
        daily.reason = 'counter went back'
        and readings.reason is null
),

runs as (
    select
        *,
        day_number - row_number() over (partition by hub_id, reason order by day_number) as run
    from wrong
),

spans as (
    select
        hub_id,
        arg_max(model_id, date) as model_id,
        reason,
        min(date) as first_date,
        max(date) as last_date,
        count(*)::integer as days,
        arg_max(downloads_all_time, date) as downloads_all_time,
        null::varchar as former_id,
        any_value(origin) as origin,
        arg_max(answer_sha256, date) as answer_sha256
    from runs
    group by hub_id, reason, run
),

names as (
    select
        hub_id,
        model_id,
        date,
        downloads_all_time,
        origin,
        answer_sha256,
        lag(model_id) over (partition by hub_id order by date) as former_id
    from {{ ref('hub_counters_daily') }}
)

select *
from spans
union all by name
select
    hub_id,
    model_id,
    'renamed; counted on as one model' as reason,
    date as first_date,
    date as last_date,
    1 as days,
    downloads_all_time,
    former_id,
    origin,
    answer_sha256
from names
where lower(former_id) <> lower(model_id)
order by first_date, hub_id, reason
