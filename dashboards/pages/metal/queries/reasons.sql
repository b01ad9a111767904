-- One row per reason of the newest day on which a figure of the service or target and family is not known.
with figures as (
    select * exclude (devices)
    from service_make_or_buy_daily
    where service = $who and model_family = $family
    union all by name
    select * exclude (devices, target, service), target as service
    from make_or_buy_daily
    where target = $who and model_family = $family and $who not in (select service from services)
)

select distinct coalesce(cost_reason, price_reason, reason) as reason
from figures
qualify row_number() over (partition by kind order by date desc) = 1
