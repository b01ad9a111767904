-- One row per UTC day and model: its downloads, as the difference of all-time counts.
--
-- The day is that of the later count. What was counted over several days, since counters stood still or
-- the model was not in the list, is spread over them: whole numbers whose sum is what was counted.
with used as (
    select
        *,
        lag(date) over by_model as previous_date,
        lag(downloads_all_time) over by_model as previous_count
    from {{ ref('hub_counter_readings') }}
    where reason is null
    window by_model as (partition by hub_id order by date)
),

created as (
    select
        hub_id,
        min(created_at)::date as created_on
    from {{ ref('stg_huggingface__models') }}
    group by hub_id
),

grown as (
    select
        used.date,
        used.hub_id,
        used.model_id,
        used.downloads_all_time,
        used.downloads_30d,
        used.source,
        used.origin,
        used.answer_sha256,
        used.previous_count,
        -- Of a model of the last week all that was ever counted was counted since it began.
        coalesce(
            used.previous_date,
            case when created.created_on between used.date - 7 and used.date then created.created_on - 1 end
        ) as previous_date,
        used.downloads_all_time - coalesce(used.previous_count, 0) as growth
    from used
    left join created using (hub_id)
),

spans as (
    select
        *,
        (date - previous_date)::integer as days,
        case
            when previous_date is null then 'first count'
            when growth < 0 then 'counter went back'
        end as reason
    from grown
),

spread as (
    select
        hub_id,
        model_id,
        downloads_all_time,
        downloads_30d,
        source,
        origin,
        answer_sha256,
        growth,
        days,
        reason,
        date as booked_on,
        unnest(generate_series(1, coalesce(days, 1)))::integer as position
    from spans
),

counted as (
    select
        (booked_on - coalesce(days, 1) + position)::date as date,
        hub_id,
        model_id,
        -- Whole parts of the sum up to each day, so that nothing is lost by rounding.
        case
            when reason is null
                then (growth::hugeint * position // days - growth::hugeint * (position - 1) // days)::bigint
        end as downloads,
        reason,
        coalesce(days, 1) > 1 and reason is null as is_spread,
        case when days > 1 and reason is null then booked_on end as booked_on,
        case when position = coalesce(days, 1) then downloads_all_time end as downloads_all_time,
        downloads_30d,
        source,
        origin,
        answer_sha256
    from spread
),

last_used as (
    select
        hub_id,
        max(date) as last_date
    from used
    group by hub_id
),

-- Counts that are not used, after the last one that is: nothing follows yet by which to tell what the
-- day had.
open_ends as (
    select
        readings.date,
        readings.hub_id,
        readings.model_id,
        null::bigint as downloads,
        readings.reason,
        false as is_spread,
        null::date as booked_on,
        readings.downloads_all_time,
        readings.downloads_30d,
        readings.source,
        readings.origin,
        readings.answer_sha256
    from {{ ref('hub_counter_readings') }} as readings
    left join last_used
        on readings.hub_id = last_used.hub_id
    where
        readings.reason is not null
        and (last_used.last_date is null or readings.date > last_used.last_date)
),

past as (
    select
        history.date,
        coalesce(names.hub_id, 'name:' || lower(history.name)) as hub_id,
        any_value(history.name) as model_id,
        sum(history.downloads)::bigint as downloads,
        null::varchar as reason,
        false as is_spread,
        null::date as booked_on,
        null::bigint as downloads_all_time,
        null::bigint as downloads_30d,
        'history' as source,
        any_value(case when history.origin = 'simulated' then 'simulated' else 'archive' end) as origin,
        any_value(history.answer_sha256) as answer_sha256
    from {{ ref('stg_huggingface__history') }} as history
    left join {{ ref('hub_names') }} as names
        on lower(history.name) = names.name
    where
        history.grain = 'model'
        and history.figure = 'daily'
    group by history.date, coalesce(names.hub_id, 'name:' || lower(history.name))
),

joined as (
    select * from counted
    union all by name
    select * from open_ends
    union all by name
    select * from past
)

select
    joined.date,
    joined.hub_id,
    joined.model_id,
    joined.downloads,
    joined.reason,
    joined.is_spread,
    joined.booked_on,
    joined.downloads_all_time,
    joined.downloads_30d,
    joined.source,
    coalesce(files.licence, sources.licence) as licence,
    coalesce(files.citation, sources.citation) as citation,
    joined.origin,
    joined.answer_sha256
from joined
left join {{ ref('download_sources') }} as sources
    using (source)
left join {{ ref('stg_huggingface__history_files') }} as files
    on joined.answer_sha256 = files.answer_sha256
-- Our own count wins over one of a file, a known one over an unknown one.
qualify
    row_number() over (
        partition by joined.date, joined.hub_id
        order by joined.downloads is null, joined.source = 'history'
    ) = 1
order by joined.date, joined.hub_id
