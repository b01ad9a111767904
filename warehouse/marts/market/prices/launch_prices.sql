-- One row per model id that ever had a list price: its first one known, and its price at launch.
--
-- The first price known is that of a launch only where a source saw the model appear: within a few
-- days of the day on which the catalogue says that it was listed, or, for a model that left the
-- catalogue before we saw it, later than the first day of an archive that follows the list from day
-- to day. Otherwise history begins after the launch, and the price at launch is not known. Prices
-- before that day are of another model, whose id it has now.
{% set max_days = 3 %}
with listed as (
    select
        coalesce(current_model_id, model_id) as model_id,
        min(listed_at)::date as listed_date
    from {{ ref('catalogue_ids') }}
    group by all
),

ranked as (
    select
        model_id,
        min(first_ranked_date) as first_ranked_date
    from {{ ref('models') }}
    where model_id is not null
    group by model_id
),

firsts as (
    select
        prices.*,
        listed.listed_date,
        min(prices.date) over (partition by prices.source) as first_date_of_source
    from {{ ref('model_prices_daily') }} as prices
    left join listed
        using (model_id)
    where
        prices.kind = 'list'
        and prices.age_days = 0
    qualify
        row_number() over (
            partition by prices.model_id
            order by coalesce(prices.date < listed.listed_date, false), prices.date
        ) = 1
),

dated as (
    select
        firsts.*,
        sources.has_past
        and firsts.date > firsts.first_date_of_source
        and coalesce(ranked.first_ranked_date >= firsts.date, true) as is_seen_to_appear
    from firsts
    inner join {{ ref('price_sources') }} as sources
        using (source)
    left join ranked
        using (model_id)
),

judged as (
    select
        *,
        case
            when listed_date is not null then listed_date
            when is_seen_to_appear then date
        end as launched_date,
        case
            when listed_date is not null then 'catalogue'
            when is_seen_to_appear then 'archive'
        end as launched_basis,
        case
            when listed_date is not null and date > listed_date + {{ max_days }}
                then
                    'it was listed on ' || listed_date || ', ' || (date - listed_date)
                    || ' days before the first price that is known'
            when listed_date is not null and date < listed_date
                then 'it was listed on ' || listed_date || ', and no price is known since'
            when listed_date is null and not is_seen_to_appear
                then 'it was there before the first price that is known'
        end as launch_reason
    from dated
)

select
    model_id,
    launched_date,
    launched_basis,
    date as first_price_date,
    prompt_usd_per_mtok as first_prompt_usd_per_mtok,
    completion_usd_per_mtok as first_completion_usd_per_mtok,
    case when launch_reason is null then prompt_usd_per_mtok end as launch_prompt_usd_per_mtok,
    case when launch_reason is null then completion_usd_per_mtok end
        as launch_completion_usd_per_mtok,
    launch_reason,
    is_free,
    source,
    confidence,
    licence,
    citation,
    origin,
    answer_sha256
from judged
order by model_id
