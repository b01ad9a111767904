-- One row per seeded leaderboard: whether the interval of the gap holds the gap of the truly best.
select
    'errors of 2 to 5 points' as how,
    gap_points is not null as is_stated,
    truth between gap_points_low and gap_points_high as is_held
from planted
left join marts.quality_gap_daily using (measure)
