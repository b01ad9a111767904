-- One row per wanted share of the family's market: the devices that it takes at our measured
-- throughput, on the newest known day.
select date, wanted_share, wanted_tokens, devices_needed, devices_measured, basis
from devices_for_share_daily
where
    target = $target and model_family = $family and devices_needed is not null
    and date = (
        select max(date) from devices_for_share_daily where target = $target and model_family = $family and devices_needed is not null
    )
order by wanted_share
