-- One row: why the newest day has no number of devices.
select reason
from devices_for_share_daily
where
    model_family = $family and reason is not null
    and (service = $who or target = $who and $who not in (select service from services))
order by date desc
limit 1
