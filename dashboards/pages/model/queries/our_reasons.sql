-- One row per service and model of ours that may be of the family: not found in the market, or without a
-- whole hour.
select distinct
    case
        when served.model_family is null then format('{} at {}: {}', served.model_name, served.service, served.reason)
        else format('{} serves {}, and no hour of it is loaded', served.service, served.model_name)
    end as reason,
    served.model_family is null as is_unresolved
from served_models as served
where served.model_family is null or served.model_family = $family
order by is_unresolved, reason
