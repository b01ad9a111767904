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
    where kind = 'list'
),

-- A model that was matched by its id has its prices by that id, all others by the ranking name.
prices as (
    select
        models.model_permaslug,
        listed.date,
        listed.model_id,
        listed.prompt_usd_per_mtok,
        listed.completion_usd_per_mtok,
        listed.is_free,
        listed.price_class,
        listed.price_class_basis
    from {{ ref('models') }} as models
    inner join listed
        on
            case
                when models.resolved_by = 'id' then models.model_id = listed.model_id
                else models.model_permaslug = listed.model_permaslug
            end
    qualify
        row_number() over (
            partition by models.model_permaslug, listed.date
            order by listed.model_id is distinct from models.model_id, listed.model_id
        ) = 1
),

dated as (
    select
        ranked.*,
        prices.model_id,
        prices.prompt_usd_per_mtok,
        prices.completion_usd_per_mtok,
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
        when missing is null
            then least(prompt_usd_per_mtok, completion_usd_per_mtok)::double
        when missing <> 'not priced by the token' and is_on_cloaked_list then 0
    end as usd_low,
    case
        when is_free_variant then 0
        when missing is null
            then greatest(prompt_usd_per_mtok, completion_usd_per_mtok)::double
        when missing <> 'not priced by the token' and is_on_cloaked_list then 0
    end as usd_high,
    case when missing is null and not is_free_variant then price_date end as price_date,
    case when missing is null and not is_free_variant then price_age_days end as price_age_days,
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
