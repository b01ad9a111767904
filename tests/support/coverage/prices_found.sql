-- One row per seeded change of a price: whether the interval of the elasticity holds the planted one.
select
    'days alike by ' || alike as how,
    elasticity is not null as is_stated,
    truth between elasticity_low and elasticity_high as is_held
from planted
left join marts.price_events using (model_id)
