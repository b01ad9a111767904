-- One row per dimension and member, the largest of the last twelve weeks first.
select dimension, member
from market_share_weekly
where basis = 'platform' and member <> 'unknown'
group by all
order by dimension, sum(tokens) filter (where week_start > (select max(week_start) from market_share_weekly) - 84) desc nulls last, member
