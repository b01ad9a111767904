-- One row per model of ours that may be of the family: not found in the market, or without a whole hour.
select
    case
        when served.model_family is null then format('{} at {}: {}', served.model_name, served.target, served.reason)
        else format('{} serves {}, and no hour of it is loaded', served.target, served.model_name)
    end as reason
from served_models as served
where served.model_family is null or served.model_family = $family
order by served.model_family is null, served.target, served.model_name
