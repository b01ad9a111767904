-- One row per wanted share of the family's market: the devices that it takes at our measured throughput, on
-- the newest known day. Of a service the throughput is that of a mean replica.
with capacities as (
    select date, capacity_tokens_per_second / devices * 86400 as device_day_tokens, device_hours / 24 as devices_measured
    from service_cost_daily
    where service = $who and devices > 0 and capacity_tokens_per_second > 0
),

wanted as (
    select
        date, wanted_share, any_value(wanted_tokens) as wanted_tokens, min(devices_needed) as devices_needed,
        min(devices_measured) as devices_measured, any_value(basis) as basis, count(*) as targets
    from devices_for_share_daily
    where
        model_family = $family
        and (service = $who or target = $who and $who not in (select service from services))
    group by all
),

figured as (
    select
        date, wanted_share, wanted_tokens,
        if(targets = 1, devices_needed, ceil(wanted_tokens / device_day_tokens)::bigint) as devices_needed,
        if(targets = 1, wanted.devices_measured, ceil(capacities.devices_measured)::integer) as devices_measured,
        if(
            targets = 1, basis,
            format('what if: busy throughput of {:d} replicas of {} on this day, all day long, with their mix of tokens; no peaks, no spares', targets, $who)
        ) as basis
    from wanted
    left join capacities using (date)
)

select date, wanted_share, wanted_tokens, devices_needed, devices_measured, basis
from figured
where devices_needed is not null and date = (select max(date) from figured where devices_needed is not null)
order by wanted_share
