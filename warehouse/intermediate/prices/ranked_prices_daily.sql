-- One row per UTC day and model that ranked: its list price and the class of its price.
--
-- The price is that of the day, or of the nearest earlier day, for price_carried_days at most: then
-- it is not known. It follows the model's permanent name, so that a new id takes nothing from it.
with ranked as (
    select distinct
        rankings.date,
        ranking_rows.model_permaslug,
        ranking_rows.model_base,
        ranking_rows.author_slug,
        ranking_rows.variant
    from {{ ref('ranking_day_versions') }} as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where
        rankings.slice = 'all'
        and rankings.grain = 'day'
        and not ranking_rows.is_other
),

listed as (
    select *
    from {{ ref('model_prices_daily') }}
    where
        kind = 'list'
        -- One that is carried there would hide how old it is.
        and age_days = 0
),

-- A model that was matched by its id has its prices by that id, all others by the ranking name. The
-- catalogue may have a model under a newer id only: archives then have its first one, which is the
-- ranking name itself.
matched as (
    select
        listed.* exclude (model_permaslug), -- noqa: RF02
        models.model_permaslug,
        1 as priority,
        coalesce(listed.model_id <> models.model_id, true) as is_other_id
    from {{ ref('models') }} as models
    inner join listed
        on
            case
                when models.resolved_by <> 'canonical_slug' then models.model_id = listed.model_id
                else models.model_permaslug = listed.model_permaslug
            end
    union all by name
    select
        listed.* exclude (model_permaslug), -- noqa: RF02
        models.model_permaslug,
        2 as priority,
        false as is_other_id
    from {{ ref('models') }} as models
    inner join listed
        on models.model_permaslug = listed.model_id
    where listed.price_basis = 'archive'
),

prices as (
    select
        model_permaslug,
        date,
        model_id,
        least(prompt_usd_per_mtok_low, completion_usd_per_mtok_low)::double as usd_low,
        greatest(prompt_usd_per_mtok_high, completion_usd_per_mtok_high)::double as usd_high,
        source,
        confidence,
        is_free,
        price_class,
        price_class_basis
    from matched
    qualify
        row_number() over (
            partition by model_permaslug, date order by priority, is_other_id, model_id
        ) = 1
),

dated as (
    select
        ranked.*,
        prices.model_id,
        prices.usd_low,
        prices.usd_high,
        prices.source,
        prices.confidence,
        prices.is_free,
        prices.price_class,
        prices.price_class_basis,
        prices.date as price_date,
        ranked.date - prices.date as price_age_days,
        ranked.variant = 'free' as is_free_variant,
        cloaked.model_prefix is not null as is_on_cloaked_list
    from ranked
    asof left join prices
        on
            ranked.model_permaslug = prices.model_permaslug
            and ranked.date >= prices.date
    left join {{ ref('cloaked_models') }} as cloaked
        on starts_with(ranked.model_base, cloaked.model_prefix)
    qualify
        row_number() over (
            partition by ranked.date, ranked.model_permaslug
            order by length(cloaked.model_prefix) desc
        ) = 1
),

judged as (
    select
        *,
        case
            when is_free_variant then null
            when price_date is null then 'no list price was seen up to this day'
            when price_age_days > {{ var('price_carried_days') }}
                then
                    'its last list price was ' || price_age_days || ' days old; none is carried for '
                    || 'more than {{ var("price_carried_days") }}'
            when price_class is null then 'not priced by the token'
        end as missing
    from dated
)

select
    date,
    model_permaslug,
    author_slug,
    model_id,
    case
        when is_free_variant then 0
        when missing is null then usd_low
        when missing <> 'not priced by the token' and is_on_cloaked_list then 0
    end as usd_low,
    case
        when is_free_variant then 0
        when missing is null then usd_high
        when missing <> 'not priced by the token' and is_on_cloaked_list then 0
    end as usd_high,
    case when missing is null and not is_free_variant then price_date end as price_date,
    case when missing is null and not is_free_variant then price_age_days end as price_age_days,
    case when missing is null and not is_free_variant then source end as price_source,
    case when missing is null and not is_free_variant then confidence end as price_confidence,
    case
        when is_free_variant then true
        when missing is null then is_free
        else is_on_cloaked_list and missing <> 'not priced by the token'
    end as is_free,
    case
        when is_free_variant then 'free'
        when missing is null or missing = 'not priced by the token' then price_class
        when is_on_cloaked_list then 'promotional'
        when not {{ is_cloaked_author('author_slug') }} then 'paid'
    end as price_class,
    case
        when is_free_variant then 'suffix'
        when missing is null or missing = 'not priced by the token' then price_class_basis
        when is_on_cloaked_list then 'cloaked list'
        when not {{ is_cloaked_author('author_slug') }} then 'suffix'
        else 'cloaked, and no price is known'
    end as price_class_basis,
    missing as price_reason
from judged
