-- One row per UTC day and model: the tokens it served, as now known.
--
-- `other` is what the platform served beyond the top 50. A model that is absent from a day is below
-- that day's cutoff (market_days.cutoff_tokens), not at zero.
with current_rankings as (
    select
        date,
        content_hash
    from {{ ref('ranking_day_versions') }}
    where
        slice = 'all'
        and grain = 'day'
        and is_current
),

-- When each figure took its current value, and the answer that it came from.
learned as (
    select
        date,
        model_permaslug,
        as_of,
        origin,
        answer_sha256
    from {{ ref('market_tokens_revisions') }}
    where not is_withdrawn
    qualify row_number() over (partition by date, model_permaslug order by as_of desc) = 1
)

select
    rankings.date,
    ranking_rows.model_permaslug,
    ranking_rows.total_tokens,
    case
        when not ranking_rows.is_other
            then
                rank() over (
                    partition by rankings.date, ranking_rows.is_other
                    order by ranking_rows.total_tokens desc
                )
    end as rank,
    -- Without `other` the day's total is not known, and so no share of it.
    case
        when bool_or(ranking_rows.is_other) over (partition by rankings.date)
            then
                ranking_rows.total_tokens
                / sum(ranking_rows.total_tokens) over (partition by rankings.date)
    end as share_of_platform,
    case
        when not bool_or(ranking_rows.is_other) over (partition by rankings.date)
            then 'the day has no other, so its total is not known'
    end as share_reason,
    case
        when not ranking_rows.is_other
            then
                ranking_rows.total_tokens
                / sum(ranking_rows.total_tokens) filter (where not ranking_rows.is_other)
                    over (partition by rankings.date)
    end as share_of_top50,
    ranking_rows.author_slug,
    ranking_rows.model_base,
    models.model_family,
    ranking_rows.variant,
    ranking_rows.is_other,
    coalesce(prices.is_free, false) as is_free,
    prices.price_class,
    case when ranking_rows.is_other then 'many models' else prices.price_class_basis end
        as price_class_basis,
    attribution.is_text_model,
    attribution.releasing_lab,
    attribution.releasing_country,
    attribution.base_author_slug,
    attribution.base_lab,
    attribution.base_country,
    attribution.weights,
    case when not ranking_rows.is_other then coalesce(sizes.size_band, 'unknown') end as size_band,
    learned.as_of,
    learned.origin,
    learned.answer_sha256
from current_rankings as rankings
inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
    using (content_hash)
inner join learned
    using (date, model_permaslug)
left join {{ ref('models') }} as models
    using (model_permaslug)
left join {{ ref('ranked_prices_daily') }} as prices
    using (date, model_permaslug)
left join {{ ref('model_attribution_daily') }} as attribution
    using (date, model_permaslug)
left join {{ ref('model_sizes') }} as sizes
    using (model_permaslug)
order by rankings.date, ranking_rows.is_other, ranking_rows.total_tokens desc
