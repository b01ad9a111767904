-- One row per month: list prices that fell, rose, or did both, one for prompts and one for completions.
select
    date_trunc('month', date)::date as month,
    count(*) filter (where new_prompt_usd_per_mtok <= old_prompt_usd_per_mtok and new_completion_usd_per_mtok <= old_completion_usd_per_mtok) as cuts,
    count(*) filter (where new_prompt_usd_per_mtok >= old_prompt_usd_per_mtok and new_completion_usd_per_mtok >= old_completion_usd_per_mtok) as rises,
    count(*) - cuts - rises as mixed, median(change_ratio) as median_change
from price_events
where kind = 'list' and date between $first and $last
group by month
order by month
