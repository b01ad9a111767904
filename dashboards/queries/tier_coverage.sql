-- How much of each hour was watched, 0..1, and how often counters began anew.
select hour_at as instant, target as series, max(covered_seconds) / 3600 as covered_share, max(gap_minutes) as gap_minutes, max(resets) as resets
from served_tokens_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
group by all
order by instant, series
