-- A line chart: share of all tokens by country of the lab, in whole weeks.
select week_start, member as country, share
from marts.market_share_weekly
where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'country' and is_whole_week
order by week_start, share desc
