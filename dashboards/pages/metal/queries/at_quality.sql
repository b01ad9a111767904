-- One row per measure and kind of alternative: our cost beside a model of the market that is at least as good,
-- on the newest day on which both are known; without one, on the newest day, where reason says why.
with figures as (
    select
        *, bool_or(local_usd_per_mtok is not null and market_usd_per_mtok_low is not null)
            over (partition by measure, date) as is_known
    from make_or_buy_at_quality_daily
    where
        member = $who and model_family = $family
        and grain = case when $who in (select service from services) then 'service' else 'target' end
)

select
    date, measure, kind, model_id, score, score_low, score_high, version_date, is_hindsight, quality_reason,
    local_usd_per_mtok::double as local_usd, cost_reason, models_as_good, models_priced, other_model_id, other_score,
    other_score_low, other_score_high, alternative_reason, market_usd_per_mtok::double as market_usd,
    market_usd_per_mtok_low::double as market_low, market_usd_per_mtok_high::double as market_high, price_reason,
    is_local_cheaper, saving_usd::double as saving_usd, reason, licence, citation, price_source, price_citation
from figures
qualify dense_rank() over (partition by measure order by is_known desc, date desc) = 1
order by measure, kind
