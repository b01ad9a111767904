-- One row per target and model that was ever served.
select distinct target, model_name
from served_tokens_hourly
order by all
