-- One row per UTC day, and sender and model of one log: times of whole requests, of the eight with the most requests.
with days as (
    select
        *,
        if(source = 'tier', 'our tier', target) || ': ' || coalesce(caller, key_alias, team, 'nobody said who') || ', ' || model_name as series,
        row_number() over (partition by date, series order by requests desc, target, team, key_alias) as place
    from caller_usage_daily
    where
        ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
        and ($hours = 0 or date > (select max(date) from caller_usage_daily) - greatest($hours // 24, 1)::integer)
),

most as (select series from days group by series order by sum(requests) desc, series limit 8)

-- Percentiles do not add up: of several keys or targets of one sender, that with the most requests of the day.
select
    date::timestamp at time zone 'UTC' as instant, series, 24 as step_hours, e2e_p95_seconds, ttft_p95_seconds
from days
where place = 1 and series in (from most)
order by instant, series
