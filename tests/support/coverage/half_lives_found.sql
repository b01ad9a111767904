-- One row per seeded family: whether the interval of the half-life, or its one bound, holds the planted one.
select
    'days alike by ' || alike as how,
    half_life_weeks is not null as is_stated,
    truth between half_life_weeks_low and coalesce(half_life_weeks_high, 'inf'::double) as is_held
from planted
left join marts.launch_half_lives using (model_family)
