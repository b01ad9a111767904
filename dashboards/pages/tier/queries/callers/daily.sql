-- One row per UTC day and one of the eight senders with the most tokens of the window, in one log: tokens, and cost where all of it is
-- known.
with days as (
    select
        *,
        if(source = 'tier', 'our tier', target) || ': ' || coalesce(caller, key_alias, team, 'nobody said who') as series
    from caller_usage_daily
    where
        ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
        and ($hours = 0 or date > (select max(date) from caller_usage_daily) - greatest($hours // 24, 1)::integer)
),

most as (select series from days group by series order by sum(total_tokens) desc, series limit 8)

select
    date::timestamp at time zone 'UTC' as instant, series, 24 as step_hours, sum(total_tokens)::bigint as tokens,
    case when count(usd) = count(*) then sum(usd)::double end as usd, max(usd_reason) as usd_reason
from days
where series in (from most)
group by date, series
order by instant, series
