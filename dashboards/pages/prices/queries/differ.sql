-- One row per pair of sources: models and days on which their list prices differ, and the model of the widest difference.
select
    sources.source, sources.other_source, count(distinct sources.model_id) as models, count(distinct sources.date) as days, max(sources.date) as newest_date,
    median(sources.ratio) as median_ratio, max(sources.ratio) as widest_ratio, arg_max(sources.model_id, sources.ratio) as widest_model
from (
    select
        *, greatest(
            greatest(prompt_usd_per_mtok, other_prompt_usd_per_mtok) / nullif(least(prompt_usd_per_mtok, other_prompt_usd_per_mtok), 0),
            greatest(completion_usd_per_mtok, other_completion_usd_per_mtok) / nullif(least(completion_usd_per_mtok, other_completion_usd_per_mtok), 0)
        )::double as ratio
    from price_disagreements
    where date between $first and $last
) as sources
group by all
order by models desc
