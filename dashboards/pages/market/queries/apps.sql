-- One row per public app on the newest day, the largest first.
select date, rank, coalesce(app_name, 'app ' || app_id) as app, total_tokens, total_requests, total_tokens / nullif(total_requests, 0) as tokens_per_request
from market_apps_daily
where date = (select max(date) from market_apps_daily)
order by rank
limit 20
