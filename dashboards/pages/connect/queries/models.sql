-- One row per model that a server may be said to serve: the models that ranked last and have an entry in the catalogue, newest first.
select
    model_permaslug,
    coalesce(model_name, model_permaslug) as model_name
from models
where model_permaslug not like '%:%'
order by last_ranked_date desc nulls last, model_permaslug
limit 2000
