-- One row per task in the newest window: its share of classified tokens and requests, a sample of the
-- source.
select date, coalesce(task_name, tag) as task, coalesce(macro_category, 'not stated') as category, token_share, request_share, window_days
from market_tasks_daily
where date = (select max(date) from market_tasks_daily)
order by token_share desc, task
