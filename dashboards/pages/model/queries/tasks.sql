-- One row per task in which the family is among the largest: its share of the task's sampled tokens
-- in the newest window.
select
    shares.date, coalesce(tasks.task_name, shares.tag) as task, sum(shares.token_share_of_task) as token_share_of_task,
    sum(shares.request_share_of_task) as request_share_of_task
from market_task_models_daily as shares
left join market_tasks_daily as tasks using (date, tag)
where
    shares.date = (select max(date) from market_task_models_daily)
    and shares.model_id in (select model_id from models where model_family = $family)
group by all
order by token_share_of_task desc nulls last, task
