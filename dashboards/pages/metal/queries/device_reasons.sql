-- One row: why the newest day has no number of devices.
select reason
from devices_for_share_daily
where target = $target and model_family = $family and reason is not null
order by date desc
limit 1
