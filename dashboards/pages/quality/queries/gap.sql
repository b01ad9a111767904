-- One row per day and measure: the gap between the best models of both sides in points, with its interval.
select
    date, measure, member, other_member, member_model, other_model, gap_points, gap_points_low, gap_points_high,
    gap_percent, win_rate, version_date, is_hindsight
from quality_gap_daily
where category = 'overall' and dimension = $sides and date >= '2024-01-01'
order by measure, date
