-- One row per whole week and country: its share of all tokens, with bounds.
select week_start, member as country, share, share_low, share_high
from marts.market_share_weekly
where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'country' and is_whole_week
order by week_start, share desc
