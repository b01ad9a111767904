-- One row per model and discount that our own requests saw: since when, until when, and what is asked with it.
select
    model_id, discount, min(date) as first_date, max(date) as last_date, arg_max(prompt_usd_per_mtok, date)::double as asked_prompt,
    arg_max(undiscounted_prompt_usd_per_mtok, date)::double as full_prompt
from model_prices_daily
where kind = 'list' and confidence = 'observed' and age_days = 0 and discount <> 0 and date between $first and $last
group by model_id, discount
order by last_date desc, discount desc
limit 200
