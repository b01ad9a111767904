-- Served models that are mapped to a model of another size or vocabulary, one row per target and model.
select
    target,
    model_name,
    known_as,
    mapping_warning,
    service
from served_models
where mapping_warning is not null
order by target, model_name
