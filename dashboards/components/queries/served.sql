-- One row per target and model that was ever served, with its service and the instant since which it is
-- gone.
select distinct served.service, served.target, served.model_name, replicas.gone_at
from served_tokens_hourly as served
left join service_replicas as replicas using (target)
order by all
