-- One row per series: figures of its hours, throughput weighted by covered time, and how many hours
-- lack a figure. Null is unknown.
with kinds as (
    select target, any_value(device_kind) as device_kind
    from local_cost_daily
    group by target
),

hours as (
    select
        hours.*,
        case $by
            when 'device' then coalesce(kinds.device_kind, 'kind of device unknown')
            when 'stack' then coalesce(hours.stack_version, 'version unknown')
            else hours.target || ' · ' || hours.model_name
        end as series
    from local_efficiency_hourly as hours
    left join kinds using (target)
    where
        ($target = '' or hours.target = $target) and ($model = '' or hours.model_name = $model)
        and ($hours = 0 or hours.hour_at > (select max(hour_at) from local_efficiency_hourly) - to_hours($hours))
)

select
    series,
    round(sum(covered_seconds) / 3600, 1) as covered_hours,
    round(
        sum(tokens_per_second_per_device * timed_seconds)
        / nullif(sum(timed_seconds) filter (where tokens_per_second_per_device is not null), 0), 2
    ) as tokens_per_second_per_device,
    round(median(joules_per_token), 3) as joules_per_token,
    string_agg(distinct power_provenance, ', ' order by power_provenance) as power,
    round(median(usd_per_mtok)::double, 4) as usd_per_mtok,
    round(median(usd_per_mtok_without_idle)::double, 4) as usd_per_mtok_without_idle,
    round(median(mfu), 4) as mfu,
    round(median(mbu), 4) as mbu,
    count(energy_reason) as hours_without_energy,
    count(cost_reason) as hours_without_cost,
    mode(coalesce(cost_reason, energy_reason, mfu_reason)) as most_frequent_reason
from hours
group by series
order by series
