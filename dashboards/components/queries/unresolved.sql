-- One row per model of ours that was not found in the market, with the reason.
select format('{} at {}: {}', model_name, target, reason) as reason
from served_models
where model_permaslug is null and model_family is null and ($target = '' or target = $target)
order by target, model_name
