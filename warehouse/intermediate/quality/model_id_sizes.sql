-- One row per id of a model in the market whose ranking names agree on a size: its band.
select
    names.model_id,
    any_value(sizes.size_band) as size_band
from {{ ref('models') }} as names
inner join {{ ref('model_sizes') }} as sizes
    on names.model_permaslug = sizes.model_permaslug
where names.model_id is not null
group by names.model_id
having count(distinct sizes.size_band) = 1
