-- One row per UTC day and model: the tokens it served, as we know them now. `other` is what the platform served beyond the top 50.
--
-- A model that is absent from a day is below that day's cutoff (market_days.cutoff_tokens), not at zero.
with current_boards as (
    select
        date,
        content_hash
    from {{ ref('ranking_day_versions') }}
    where
        slice = 'all'
        and grain = 'day'
        and is_current
),

-- When each figure took its present value, and the answer that said so.
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
    boards.date,
    cells.model_permaslug,
    cells.total_tokens,
    case
        when not cells.is_other
            then rank() over (partition by boards.date, cells.is_other order by cells.total_tokens desc)
    end as rank,
    -- Without `other` the day's total is not known, so neither is a share of it.
    case
        when bool_or(cells.is_other) over (partition by boards.date)
            then cells.total_tokens / sum(cells.total_tokens) over (partition by boards.date)
    end as share_of_platform,
    case
        when not cells.is_other
            then cells.total_tokens / sum(cells.total_tokens) filter (where not cells.is_other) over (partition by boards.date)
    end as share_of_top50,
    cells.author_slug,
    cells.model_base,
    models.model_family,
    cells.variant,
    cells.is_other,
    coalesce(models.is_free, false) as is_free,
    attribution.is_text_model,
    attribution.releasing_lab,
    attribution.releasing_country,
    attribution.base_author_slug,
    attribution.base_lab,
    attribution.base_country,
    attribution.weights,
    learned.as_of,
    learned.origin,
    learned.answer_sha256
from current_boards as boards
inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
    using (content_hash)
inner join learned
    using (date, model_permaslug)
left join {{ ref('models') }} as models
    using (model_permaslug)
left join {{ ref('model_attribution_daily') }} as attribution
    using (date, model_permaslug)
order by boards.date, cells.is_other, cells.total_tokens desc
