-- One row per UTC day, model id and kind of price on which the price differs from the one before.
with prices as (
    select
        date,
        model_id,
        kind,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        -- Blended prices usually count three prompt tokens for each completion token.
        0.75 * prompt_usd_per_mtok + 0.25 * completion_usd_per_mtok as blended_usd_per_mtok,
        lag(date) over price_order as previous_date,
        lag(prompt_usd_per_mtok) over price_order as previous_prompt_usd_per_mtok,
        lag(completion_usd_per_mtok) over price_order as previous_completion_usd_per_mtok,
        lag(0.75 * prompt_usd_per_mtok + 0.25 * completion_usd_per_mtok)
            over price_order
            as previous_blended_usd_per_mtok,
        origin,
        answer_sha256
    from {{ ref('model_prices_daily') }}
    window price_order as (partition by model_id, kind order by date)
)

select
    date,
    model_id,
    kind,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    blended_usd_per_mtok,
    previous_date,
    previous_prompt_usd_per_mtok,
    previous_completion_usd_per_mtok,
    previous_blended_usd_per_mtok,
    case
        when blended_usd_per_mtok > 0 and previous_blended_usd_per_mtok > 0
            then nullif(ln(blended_usd_per_mtok / previous_blended_usd_per_mtok), 0)
    end as log_ratio,
    origin,
    answer_sha256
from prices
where
    previous_date is not null
    and (
        prompt_usd_per_mtok <> previous_prompt_usd_per_mtok
        or completion_usd_per_mtok <> previous_completion_usd_per_mtok
    )
