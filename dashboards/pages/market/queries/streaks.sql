-- One row per run of whole weeks in which one member led, if a week of it is in the period, the newest
-- first, and whether the run survives each other way of counting.
select
    member, started_week, ended_week, weeks, is_open, least_lead_share,
    survives_without_free, survives_any_model, survives_any_day, survives_other_top_n, survives_other_attribution,
    survives_first_published, survives_unknown, missing_days,
    $dimension as dimension, $basis as basis, $attribution as attribution
from market_streaks
where basis = $basis and attribution = $attribution and dimension = $dimension and ended_week >= $first and started_week + 6 <= $last
order by started_week desc
