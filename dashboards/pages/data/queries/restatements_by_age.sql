-- One row per age of a day in days: how far its figure still moved after that age.
select age_days, days, mean_abs_change_ratio, p90_abs_change_ratio, max_abs_change_ratio
from market_restatements_by_age
order by age_days
