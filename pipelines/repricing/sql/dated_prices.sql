-- One row per row of `asked`, which has a model and a day: the list price of that day and whose it is.
with known as (
    select
        model_id,
        min(date) as first_date,
        max(date) as last_date
    from model_prices_daily
    where kind = 'list'
    group by model_id
)

select
    asked.*,
    resolved.model_id,
    resolved.resolved_by,
    prices.prompt_usd_per_mtok,
    prices.completion_usd_per_mtok,
    prices.cached_usd_per_mtok,
    prices.cache_write_usd_per_mtok,
    prices.prompt_usd_per_mtok_low,
    prices.prompt_usd_per_mtok_high,
    prices.completion_usd_per_mtok_low,
    prices.completion_usd_per_mtok_high,
    prices.discount,
    prices.undiscounted_prompt_usd_per_mtok,
    prices.undiscounted_completion_usd_per_mtok,
    prices.price_overrides,
    prices.price_basis,
    prices.source,
    prices.confidence,
    prices.first_seen,
    prices.age_days,
    prices.licence,
    prices.citation,
    prices.answer_sha256,
    coalesce(
        resolved.reason,
        case
            when prices.date is null
                then
                    coalesce(
                        'no price of ' || resolved.model_id || ' on that day is known; prices from '
                        || known.first_date || ' to ' || known.last_date || ' are',
                        'no price of this model is known'
                    )
        end
    ) as price_reason
from asked
left join resolved_models as resolved on asked.model = resolved.model
left join model_prices_daily as prices
    on
        resolved.model_id = prices.model_id
        and asked.date = prices.date
        and prices.kind = 'list'
left join known on resolved.model_id = known.model_id
