-- One row per week in which one member passed another, the newest first.
select week_start, member, overtaken, share_before, overtaken_share_before, share, overtaken_share, is_certain
from market_crossovers
where basis = $basis and attribution = $attribution and dimension = $dimension
order by week_start desc, member
limit 200
