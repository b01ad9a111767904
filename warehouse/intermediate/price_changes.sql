-- One row per UTC day, model id and kind of price on which the price differs from the one before.
--
-- A list price is the one without a discount: a promotion is no change of it, nor is its end. On days
-- on which it is not known there is nothing to compare. The other kinds are prices as asked.
with compared as (
    select
        date,
        model_id,
        kind,
        case
            when kind = 'list' then coalesce(undiscounted_prompt_usd_per_mtok, prompt_usd_per_mtok)
            else prompt_usd_per_mtok
        end as prompt_usd_per_mtok,
        case
            when kind = 'list'
                then coalesce(undiscounted_completion_usd_per_mtok, completion_usd_per_mtok)
            else completion_usd_per_mtok
        end as completion_usd_per_mtok,
        case when kind = 'list' then coalesce(discount, 0) else 0 end as discount,
        origin,
        answer_sha256
    from {{ ref('model_prices_daily') }}
    where kind <> 'list' or undiscounted_reason is null
),

prices as (
    select
        *,
        -- Blended prices usually count three prompt tokens for each completion token.
        0.75 * prompt_usd_per_mtok + 0.25 * completion_usd_per_mtok as blended_usd_per_mtok,
        lag(date) over price_order as previous_date,
        lag(prompt_usd_per_mtok) over price_order as previous_prompt_usd_per_mtok,
        lag(completion_usd_per_mtok) over price_order as previous_completion_usd_per_mtok,
        lag(0.75 * prompt_usd_per_mtok + 0.25 * completion_usd_per_mtok)
            over price_order
            as previous_blended_usd_per_mtok,
        lag(discount) over price_order as previous_discount
    from compared
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
    -- The source rounds what it asks, so a price computed from it by another discount differs a bit.
    and not (
        discount <> previous_discount
        and abs(prompt_usd_per_mtok - previous_prompt_usd_per_mtok)
        <= 0.005 * previous_prompt_usd_per_mtok
        and abs(completion_usd_per_mtok - previous_completion_usd_per_mtok)
        <= 0.005 * previous_completion_usd_per_mtok
    )
