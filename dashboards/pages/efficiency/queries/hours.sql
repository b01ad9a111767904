-- One row per hour (or middle hour of a day), service or target, and model: throughput, speed for one user,
-- energy and cost of a token. Null is unknown.
with kinds as (
    select target, any_value(device_kind) as device_kind
    from local_cost_daily
    group by target
),

-- The hours of the chosen window. Each table is cut to them before it is added up, so that a page
-- costs what it shows.
chosen_hours as (
    select if($hours = 0, 'epoch'::timestamptz, max(hour_at) - to_hours($hours)) as after_at
    from local_efficiency_hourly
),

latencies as (
    select hour_at, target as line, model_name, method, p50_seconds, 'target' as kind
    from served_latency_hourly
    where
        metric = 'tpot' and $by <> 'service' and hour_at > (select after_at from chosen_hours)
        and (len($drawn) = 0 or list_contains($drawn, target) or list_contains($drawn, service))
    union all
    select hour_at, service, model_name, method, p50_seconds, 'service'
    from service_latency_hourly
    where
        metric = 'tpot' and $by = 'service' and hour_at > (select after_at from chosen_hours)
        and (len($drawn) = 0 or list_contains($drawn, service))
),

users as (
    select hour_at, line, model_name, 1 / nullif(p50_seconds, 0) as tokens_per_second_per_user
    from latencies
    qualify row_number() over (partition by hour_at, line, model_name order by method) = 1
),

targets as (
    select
        hours.*, hours.target as line,
        case $by
            when 'device' then coalesce(kinds.device_kind, 'kind of device unknown')
            when 'stack' then coalesce(hours.stack_version, 'version unknown')
            else hours.target || ' · ' || hours.model_name
        end as series
    from local_efficiency_hourly as hours
    left join kinds using (target)
    where
        $by <> 'service' and ($service = '' or hours.service = $service) and ($target = '' or hours.target = $target)
        and (len($drawn) = 0 or list_contains($drawn, hours.target) or list_contains($drawn, hours.service))
),

-- What is not added up over replicas, MFU and MBU, is that of the middle one.
middles as (
    select
        hour_at, service, model_name, median(mfu) as mfu, mode(mfu_reason) as mfu_reason, median(mbu) as mbu, mode(mbu_reason) as mbu_reason,
        sum(busy_share * timed_seconds) / nullif(sum(timed_seconds) filter (where busy_share is not null), 0) as busy_share
    from local_efficiency_hourly
    where
        $by = 'service' and hour_at > (select after_at from chosen_hours)
        and (len($drawn) = 0 or list_contains($drawn, service))
    group by all
),

services as (
    select
        together.*, middles.* exclude (hour_at, service, model_name),
        together.service as line, together.service || ' · ' || together.model_name as series
    from service_efficiency_hourly as together
    left join middles using (hour_at, service, model_name)
    where $by = 'service' and (len($drawn) = 0 or list_contains($drawn, together.service))
),

hours as (
    select * from targets
    union all by name
    select * from services
)

select
    time_bucket(to_hours($step), hour_at) as instant, series, line, model_name, $step as step_hours,
    median(tokens_per_second_per_device) as tokens_per_second_per_device,
    median(tokens_per_second_per_user) as tokens_per_second_per_user,
    median(joules_per_token) as joules_per_token, bool_or(power_provenance <> 'measured') as is_rated, mode(energy_reason) as energy_reason,
    median(usd_per_mtok::double) as usd_per_mtok, median(usd_per_mtok_without_idle::double) as usd_per_mtok_without_idle,
    mode(cost_reason) as cost_reason, median(busy_share) as busy_share,
    median(mfu) as mfu, mode(mfu_reason) as mfu_reason, median(mbu) as mbu, mode(mbu_reason) as mbu_reason
from hours
left join users using (hour_at, line, model_name)
where
    ($model = '' or model_name = $model)
    and hour_at > (select after_at from chosen_hours)
group by all
order by instant, series
