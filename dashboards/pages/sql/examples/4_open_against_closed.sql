-- Open against closed weights by week, with what is not known
select week_start, member, tokens, share, share_low, share_high
from market_share_weekly
where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'weights' and is_whole_week
order by week_start, member
