-- One row per model that ranked and whose price at launch is known and not nothing: that price, three parts prompt to one part
-- completion, its day and the country of its lab.
with ranked as (
    select
        models.model_id, arg_max(daily.releasing_country, daily.date) as country, arg_max(daily.weights, daily.date) as weights,
        sum(daily.total_tokens)::bigint as tokens
    from market_tokens_daily as daily
    inner join models using (model_permaslug)
    where not daily.is_other and models.model_id is not null
    group by models.model_id
)

select
    launches.model_id, launches.launched_date, ranked.country, ranked.weights, ranked.tokens, launches.source, launches.licence, launches.citation,
    (0.75 * launches.launch_prompt_usd_per_mtok + 0.25 * launches.launch_completion_usd_per_mtok)::double as usd
from launch_prices as launches
inner join ranked using (model_id)
where launches.launch_reason is null and usd > 0 and launches.launched_date between $first and $last
order by launches.launched_date
