-- One row per week of the period in which one member passed another, the newest first.
select
    week_start, member, overtaken, share_before, overtaken_share_before, share, overtaken_share, is_certain,
    $dimension as dimension, $basis as basis, $attribution as attribution
from market_crossovers
where basis = $basis and attribution = $attribution and dimension = $dimension and week_start >= $first and week_start + 6 <= $last
order by week_start desc, member
limit 200
