-- One row per hour or day, target and model: the share of looked-up prompt tokens that the cache had.
select
    time_bucket(to_hours($step), hour_at) as instant, if($by = 'target', target, service) || ' · ' || model_name as series, $step as step_hours,
    sum(hits) / nullif(sum(queries) filter (where hits is not null), 0) as hit_share, sum(hits)::bigint as hits, sum(queries)::bigint as queries
from prefix_cache_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target)
    and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from prefix_cache_hourly) - to_hours($hours))
group by all
order by instant, series
