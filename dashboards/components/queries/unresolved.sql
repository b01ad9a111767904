-- One row per model of ours that was not found in the market, by service, with the reason.
select distinct format('{} at {}: {}', model_name, service, reason) as reason
from served_models
where model_permaslug is null and model_family is null and ($who = '' or service = $who or target = $who)
order by reason
