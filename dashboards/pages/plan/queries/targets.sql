-- One row per service, and per target of a service that has several, with a known speed on some day.
select service as who, service as label, true as is_service
from service_cost_daily
where capacity_tokens_per_second is not null
union
select target, service || ': ' || target, false
from local_cost_daily
where capacity_tokens_per_second is not null and target not in (select service from services)
order by is_service desc, label
