-- One row per reason why the family has no price that is drawn: by the entries of its listings.
select
    case
        when bool_and(is_free) then 'every listing of the family that ranked is free'
        when bool_and(resolved_by = 'unresolved') then 'none of its listings resolves to exactly one entry of the catalogue'
        when not exists (select 1 from model_prices_daily) then 'no catalogue was loaded'
        else 'no loaded catalogue has a price by token of ' || string_agg(distinct model_id, ', ' order by model_id)
    end as reason
from models
where model_family = $family
having count(*) > 0
