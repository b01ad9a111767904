-- What we served beside what the market served of the same model, by UTC day
with ours as (
    select minute_at::date as date, model_permaslug, sum(prompt_tokens + generation_tokens)::bigint as local_tokens
    from served_tokens_minutely
    where model_permaslug is not null
    group by all
)

select ours.date, ours.model_permaslug, ours.local_tokens, market.total_tokens as market_tokens, market.share_of_platform
from ours
left join market_tokens_daily as market on ours.date = market.date and ours.model_permaslug = market.model_permaslug
order by ours.date, ours.model_permaslug
