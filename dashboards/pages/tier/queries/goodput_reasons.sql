-- One row: why the goodput of the choice's newest hours is not known.
select mode(goodput_reason) as reason
from local_efficiency_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model) and goodput_reason is not null
    and ($hours = 0 or hour_at > (select max(hour_at) from local_efficiency_hourly) - to_hours($hours))
