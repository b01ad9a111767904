-- One row per model family that ranked or that we served: first those that we served, those with most tokens first.
with ranked as (
    select models.model_family, sum(tokens.total_tokens) as market_tokens
    from models
    left join market_tokens_daily as tokens
        on models.model_permaslug = tokens.model_permaslug and tokens.date > (select max(date) from market_tokens_daily) - 28
    where models.model_family is not null
    group by all
),

served as (
    select model_family, sum(local_tokens) as local_tokens
    from make_or_buy_daily
    where kind = 'list'
    group by all
)

select model_family
from ranked
full join served using (model_family)
order by local_tokens desc nulls last, market_tokens desc nulls last, model_family
