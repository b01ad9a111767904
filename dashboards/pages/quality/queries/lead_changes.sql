-- One row per measure and change of the lead, the newest first.
select
    measure, changed_date, leader, leading_model, passed_model, abs(gap_points) as gap_points, is_certain,
    certain_after_date, certain_by_date, days_led
from quality_lead_changes
where category = 'overall' and dimension = $sides
order by changed_date desc, measure
limit 200
