-- Share of looked-up prompt tokens that the cache had, by hour.
select hour_at as instant, target || ' · ' || model_name as series, hit_share, hits, queries
from prefix_cache_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from prefix_cache_hourly) - to_hours($hours))
order by instant, series
