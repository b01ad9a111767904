-- One row per series: figures of its hours, throughput weighted by covered time, and how many hours lack a
-- figure. Null is unknown.
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

targets as (
    select
        hours.*, covered_seconds / 3600 as covered_hours, tokens_per_second_per_device * timed_seconds as weighted, timed_seconds as weight,
        case $by
            when 'device' then coalesce(kinds.device_kind, 'kind of device unknown')
            when 'stack' then coalesce(hours.stack_version, 'version unknown')
            else hours.target || ' · ' || hours.model_name
        end as series
    from local_efficiency_hourly as hours
    left join kinds using (target)
    where $by <> 'service' and ($service = '' or hours.service = $service) and ($target = '' or hours.target = $target)
),

middles as (
    select hour_at, service, model_name, median(mfu) as mfu, mode(mfu_reason) as mfu_reason, median(mbu) as mbu
    from local_efficiency_hourly
    where $by = 'service' and hour_at > (select after_at from chosen_hours)
    group by all
),

services as (
    select
        together.*, middles.* exclude (hour_at, service, model_name), together.covered_share * together.replica_hours as covered_hours,
        together.tokens_per_second_per_device * together.device_hours as weighted, together.device_hours as weight,
        together.service || ' · ' || together.model_name as series
    from service_efficiency_hourly as together
    left join middles using (hour_at, service, model_name)
    where $by = 'service'
),

hours as (
    select * from targets
    union all by name
    select * from services
)

select
    series,
    round(sum(covered_hours), 1) as covered_hours,
    round(sum(weighted) / nullif(sum(weight) filter (where weighted is not null), 0), 2) as tokens_per_second_per_device,
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
where
    ($model = '' or model_name = $model)
    and hour_at > (select after_at from chosen_hours)
group by series
order by series
