-- One row per model listing with a list price: the newest price, and its tokens in the last seven
-- days that have figures.
with prices as (
    select
        model_id, date as price_date, prompt_usd_per_mtok::double as prompt_usd_per_mtok,
        completion_usd_per_mtok::double as completion_usd_per_mtok, is_free
    from model_prices_daily
    where kind = 'list'
    qualify row_number() over (partition by model_id order by date desc) = 1
),

volumes as (
    select model_permaslug, sum(total_tokens)::bigint as tokens, count(*) as days
    from market_tokens_daily
    where not is_other and date > (select max(date) from market_tokens_daily) - 7
    group by model_permaslug
),

opens as (
    select model_permaslug, arg_max(weights, date) as weights
    from market_tokens_daily
    where not is_other
    group by model_permaslug
)

select
    model_permaslug, models.model_family, models.author_slug, opens.weights, volumes.tokens, volumes.days, prices.price_date,
    prices.prompt_usd_per_mtok, prices.completion_usd_per_mtok,
    (3 * prices.prompt_usd_per_mtok + prices.completion_usd_per_mtok) / 4 as usd_per_mtok,
    prices.is_free
from volumes
inner join models using (model_permaslug)
inner join opens using (model_permaslug)
inner join prices using (model_id)
order by volumes.tokens desc
