-- One row per hour or day, target and model: the shares of looked-up prompt tokens that the cache had, in
-- all tiers, on the device, and beyond it. Each is over the servers and hours in which it is known.
select
    time_bucket(to_hours($step), hour_at) as instant, if($by = 'target', target, service) || ' · ' || model_name as series, $step as step_hours,
    sum(total_hit_share * queries) / nullif(sum(queries) filter (where total_hit_share is not null), 0) as total_share,
    sum(device_hit_share * queries) / nullif(sum(queries) filter (where device_hit_share is not null), 0) as device_share,
    sum(beyond_device_hit_share * queries) / nullif(sum(queries) filter (where beyond_device_hit_share is not null), 0) as beyond_share,
    sum(hits_in_all)::bigint as hits_in_all, sum(hits_beyond_device)::bigint as hits_beyond_device, sum(queries)::bigint as queries
from prefix_cache_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target)
    and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from prefix_cache_hourly) - to_hours($hours))
group by all
order by instant, series
