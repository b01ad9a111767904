-- One row per hour (or middle hour of a day), target and model: throughput, speed for one user,
-- energy and cost of a token. Null is unknown.
with kinds as (
    select target, any_value(device_kind) as device_kind
    from local_cost_daily
    group by target
),

users as (
    select hour_at, target, model_name, 1 / nullif(p50_seconds, 0) as tokens_per_second_per_user
    from served_latency_hourly
    where metric = 'tpot'
    qualify row_number() over (partition by hour_at, target, model_name order by method) = 1
)

select
    time_bucket(to_hours($step), hours.hour_at) as instant,
    case $by
        when 'device' then coalesce(kinds.device_kind, 'kind of device unknown')
        when 'stack' then coalesce(hours.stack_version, 'version unknown')
        else hours.target || ' · ' || hours.model_name
    end as series,
    hours.target, hours.model_name, $step as step_hours,
    median(tokens_per_second_per_device) as tokens_per_second_per_device,
    median(users.tokens_per_second_per_user) as tokens_per_second_per_user,
    median(joules_per_token) as joules_per_token, bool_or(power_provenance <> 'measured') as is_rated, mode(energy_reason) as energy_reason,
    median(usd_per_mtok::double) as usd_per_mtok, median(usd_per_mtok_without_idle::double) as usd_per_mtok_without_idle,
    mode(cost_reason) as cost_reason, median(busy_share) as busy_share,
    median(mfu) as mfu, mode(mfu_reason) as mfu_reason, median(mbu) as mbu, mode(mbu_reason) as mbu_reason
from local_efficiency_hourly as hours
left join kinds using (target)
left join users using (hour_at, target, model_name)
where
    ($target = '' or hours.target = $target) and (len($drawn) = 0 or list_contains($drawn, hours.target))
    and ($model = '' or hours.model_name = $model)
    and ($hours = 0 or hours.hour_at > (select max(hour_at) from local_efficiency_hourly) - to_hours($hours))
group by all
order by instant, series
