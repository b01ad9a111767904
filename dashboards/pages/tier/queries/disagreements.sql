-- One row per count of tokens on which two sources disagree: both figures, and the explanation.
select date, service, target, model_name, metric, tokens_a as by_counters, source_b, tokens_b as by_source_b, difference, explained_by
from served_token_disagreements
where ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
order by date desc, abs(difference) desc
