-- One row per reason of the newest day on which a figure of the target and family is not known.
select distinct coalesce(cost_reason, price_reason, reason) as reason
from make_or_buy_daily
where target = $target and model_family = $family
qualify row_number() over (partition by kind order by date desc) = 1
