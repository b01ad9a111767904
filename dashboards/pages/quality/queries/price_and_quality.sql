-- One row per model with a score, a list price and tokens: of several efforts the best one.
--
-- A price is that of the newest day, three parts prompt to one part completion; tokens are of the newest
-- 28 days on which the model was among the named ones.
with priced as (
    select model_id, (3 * prompt_usd_per_mtok::double + completion_usd_per_mtok::double) / 4 as usd_per_mtok
    from model_prices_daily
    where kind = 'list' and not is_free and date > (select max(date) from model_prices_daily) - 28
    qualify row_number() over (partition by model_id order by date desc) = 1
),

used as (
    select models.model_id, sum(daily.total_tokens)::bigint as tokens
    from market_tokens_daily as daily
    inner join models using (model_permaslug)
    where daily.date > (select max(date) from market_tokens_daily) - 28
    group by models.model_id
)

select scores.model_id, scores.country, scores.weights, scores.score, scores.score_low, scores.score_high, priced.usd_per_mtok, used.tokens
from model_quality as scores
inner join priced using (model_id)
left join used using (model_id)
where scores.measure = $measure and scores.category = 'overall' and priced.usd_per_mtok > 0
qualify row_number() over (partition by scores.model_id order by scores.score desc) = 1
order by scores.score desc
