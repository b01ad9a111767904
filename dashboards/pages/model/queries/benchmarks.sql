-- One row per benchmark, test and metric that scored a model of the family. Their scales differ and
-- are not comparable.
select board as benchmark, model_id, test, metric, score, as_of
from model_benchmarks
where model_id in (select model_id from models where model_family = $family) or model_id = $family
order by benchmark, test, metric, model_id
