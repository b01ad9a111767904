-- One row per model: its score by a measure and what a million tokens of our mix cost, ours first.
--
-- Ours and the alternatives at equal quality are of the newest day on which our cost is known; all other models
-- are those of the same version, at the list prices of that day. Without a count of cached tokens nothing counts as
-- cached. Null is unknown, and reason says why.
with ours as (
    select *
    from make_or_buy_at_quality_daily
    where
        measure = $measure and member = $who and model_family = $family
        and grain = case when $who in (select service from services) then 'service' else 'target' end
    qualify
        dense_rank() over (order by local_usd_per_mtok is not null and score is not null desc, date desc) = 1
),

mix as (
    select date, coalesce(prompt_share, 1 - completion_share) as prompt_share, coalesce(cached_share, 0) as cached_share, completion_share
    from service_make_or_buy_daily
    where service = $who and model_family = $family and kind = 'list'
    union all
    select date, coalesce(prompt_share, 1 - completion_share), coalesce(cached_share, 0), completion_share
    from make_or_buy_daily
    where target = $who and model_family = $family and kind = 'list' and $who not in (select service from services)
),

market as (
    select
        scores.model_id, scores.score, scores.score_low, scores.score_high,
        mix.prompt_share * prices.prompt_usd_per_mtok::double
        + mix.cached_share * coalesce(prices.cached_usd_per_mtok, prices.prompt_usd_per_mtok)::double
        + mix.completion_share * prices.completion_usd_per_mtok::double as usd
    from (select distinct date, measure, version_date from ours) as day
    inner join mix using (date)
    inner join model_quality as scores using (measure, version_date)
    inner join model_prices_daily as prices on day.date = prices.date and scores.model_id = prices.model_id
    where scores.category = 'overall' and prices.kind = 'list' and not prices.is_free
    qualify row_number() over (partition by scores.model_id order by scores.score desc) = 1
),

points as (
    select
        'ours' as role, date, version_date, model_id, score, score_low, score_high, local_usd_per_mtok::double as usd,
        coalesce(quality_reason, cost_reason) as reason
    from ours
    where kind = 'cheapest'
    union all
    select kind, date, version_date, other_model_id, other_score, other_score_low, other_score_high,
        coalesce(market_usd_per_mtok, market_usd_per_mtok_high)::double, price_reason
    from ours
    union all
    select 'market', null, null, model_id, score, score_low, score_high, usd, null
    from market
    where usd > 0 and model_id not in (select other_model_id from ours where other_model_id is not null)
)

select *
from points
order by list_position(['ours', 'cheapest', 'modal', 'market'], role), score desc
