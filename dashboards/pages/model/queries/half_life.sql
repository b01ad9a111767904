-- One row: the weeks in which the family's share halves, an estimate with its interval, or why there
-- is none.
select launched_week, peak_week, half_life_weeks, half_life_weeks_low, half_life_weeks_high, is_left_censored, reason
from launch_half_lives
where model_family = $family
