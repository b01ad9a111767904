-- One row per change of a list price in the period, those of the most used models first within a month.
select
    date, model_id,
    case
        when new_prompt_usd_per_mtok <= old_prompt_usd_per_mtok and new_completion_usd_per_mtok <= old_completion_usd_per_mtok then 'cut'
        when new_prompt_usd_per_mtok >= old_prompt_usd_per_mtok and new_completion_usd_per_mtok >= old_completion_usd_per_mtok then 'rise'
        else 'one up, one down'
    end as turn,
    change_ratio,
    old_prompt_usd_per_mtok::double as old_prompt, new_prompt_usd_per_mtok::double as new_prompt,
    old_completion_usd_per_mtok::double as old_completion, new_completion_usd_per_mtok::double as new_completion, tokens_before,
    elasticity, elasticity_low, elasticity_high, reason,
    case when source = 'openrouter' then 'list price' else 'price as asked' end as basis, licence, citation
from price_events
where kind = 'list' and date between $first and $last
order by date_trunc('month', date) desc, tokens_before desc nulls last, date desc
limit 300
