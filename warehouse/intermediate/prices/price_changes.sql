-- One row per UTC day, model id and kind of price on which the price differs from the one before.
--
-- A list price is the one without a discount: a promotion is no change of it, nor is its end. On days
-- on which it is not known there is nothing to compare. The other kinds are prices as asked, and so
-- are those of archives, which have no discounts: beside one of them our own is compared as asked.
with seen as (
    select
        *,
        kind = 'list' and coalesce(price_basis = 'archive', false) as is_archived,
        case when kind = 'list' then coalesce(discount, 0) else 0 end as discount_taken,
        coalesce(undiscounted_prompt_usd_per_mtok, prompt_usd_per_mtok) as full_prompt,
        coalesce(undiscounted_completion_usd_per_mtok, completion_usd_per_mtok) as full_completion
    from {{ ref('model_prices_daily') }}
    where
        (kind <> 'list' or undiscounted_reason is null or price_basis = 'archive')
        and coalesce(age_days, 0) = 0
),

followed as (
    select
        *,
        kind <> 'list' or is_archived or coalesce(lag(is_archived) over price_order, false)
            as is_as_asked,
        lag(date) over price_order as previous_date,
        lag(discount_taken) over price_order as previous_discount,
        lag(prompt_usd_per_mtok) over price_order as previous_prompt,
        lag(completion_usd_per_mtok) over price_order as previous_completion,
        lag(full_prompt) over price_order as previous_full_prompt,
        lag(full_completion) over price_order as previous_full_completion
    from seen
    window price_order as (partition by model_id, kind order by date)
),

compared as (
    select
        date,
        model_id,
        kind,
        previous_date,
        previous_discount,
        discount_taken as discount,
        source,
        confidence,
        origin,
        answer_sha256,
        case when is_as_asked then prompt_usd_per_mtok else full_prompt end as prompt_usd_per_mtok,
        case when is_as_asked then completion_usd_per_mtok else full_completion end
            as completion_usd_per_mtok,
        case when is_as_asked then previous_prompt else previous_full_prompt end
            as previous_prompt_usd_per_mtok,
        case when is_as_asked then previous_completion else previous_full_completion end
            as previous_completion_usd_per_mtok
    from followed
),

prices as (
    select
        *,
        -- Blended prices usually count three prompt tokens for each completion token.
        0.75 * prompt_usd_per_mtok + 0.25 * completion_usd_per_mtok as blended_usd_per_mtok,
        0.75 * previous_prompt_usd_per_mtok + 0.25 * previous_completion_usd_per_mtok
            as previous_blended_usd_per_mtok
    from compared
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
    source,
    confidence,
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
