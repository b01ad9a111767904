-- A bar chart: tokens of the platform by day. A day without figures has no bar.
select date, platform_tokens
from marts.market_days
where not is_missing
order by date
