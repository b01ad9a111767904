-- Weekly shares of the largest authors, with their bounds
select week_start, member as author, share, share_low, share_high, rank
from market_share_weekly
where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'author' and is_whole_week and rank <= 6
order by week_start, rank
