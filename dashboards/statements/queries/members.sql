-- One row per dimension and member that a comparison can name.
select dimension, member
from marts.market_share_weekly
where member <> 'unknown'
group by all
order by dimension, sum(tokens) desc, member
