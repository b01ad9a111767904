-- One row per UTC day, model id and kind of price, in USD per million tokens.
--
-- list: the price of the lab's own endpoint, or, if we saw none, the catalogue's price of the day;
-- cheapest: the host with the lowest sum of prompt and completion price; modal: the pair of prices
-- that most hosts ask. All are prices as asked, discounts taken off. A renamed model has its current
-- id on all days, so that its prices are one series.
--
-- On days on which we saw no catalogue, list prices are those of archives; a day that we saw has
-- ours alone. A list price that was not seen again is carried for price_carried_days at most, and
-- says its age.
with archived as (
    select
        prices.*,
        ids.model_permaslug,
        coalesce(ids.is_text_model, true) as is_text_model,
        coalesce(ids.current_model_id, prices.model_id) as current_model_id
    from {{ ref('archive_day_prices') }} as prices
    left join {{ ref('catalogue_ids') }} as ids
        on
            prices.model_id = ids.model_id
            and ids.is_last_slug
    where prices.date not in (select days.date from {{ ref('catalogue_daily') }} as days)
),

seen as (
    select
        date,
        model_id,
        kind,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        cache_write_usd_per_mtok,
        overrides,
        prompt_usd_per_mtok as prompt_usd_per_mtok_low,
        prompt_usd_per_mtok as prompt_usd_per_mtok_high,
        completion_usd_per_mtok as completion_usd_per_mtok_low,
        completion_usd_per_mtok as completion_usd_per_mtok_high,
        discount,
        undiscounted_prompt_usd_per_mtok,
        undiscounted_completion_usd_per_mtok,
        undiscounted_reason,
        price_basis,
        'openrouter' as source,
        'observed' as confidence,
        is_free,
        price_class,
        price_class_basis,
        listed_model_id,
        model_permaslug,
        provider_name,
        captured_at,
        origin,
        answer_sha256
    from {{ ref('asked_prices_daily') }}
    union all by name
    select
        archived.* exclude (model_id, is_text_model, current_model_id),
        -- While two ids of a model are listed, the current one has the model's name.
        case
            when
                row_number() over (
                    partition by archived.date, archived.current_model_id
                    order by
                        archived.model_id <> archived.current_model_id,
                        archived.model_id
                ) = 1
                then archived.current_model_id
            else archived.model_id
        end as model_id,
        archived.model_id as listed_model_id,
        'list' as kind,
        'the archive has no discounts' as undiscounted_reason,
        {{ price_class(
            "archived.model_id like '%:free'",
            'archived.prompt_usd_per_mtok',
            'archived.completion_usd_per_mtok',
            'null',
            'archived.is_text_model'
        ) }} as price_class,
        coalesce(price_class = 'free', false) as is_free,
        {{ price_class_basis(
            "archived.model_id like '%:free'",
            'archived.prompt_usd_per_mtok',
            'archived.completion_usd_per_mtok',
            'null',
            'archived.is_text_model'
        ) }} as price_class_basis
    from archived
),

last_day as (
    select
        greatest(
            (select max(seen.date) from seen),
            (
                select max(rankings.date)
                from {{ ref('ranking_day_versions') }} as rankings
                where
                    rankings.slice = 'all'
                    and rankings.grain = 'day'
            )
        ) as date
),

followed as (
    select
        *,
        lag(date) over price_order as previous_date,
        lag((prompt_usd_per_mtok, completion_usd_per_mtok)) over price_order as previous_price,
        -- Only a list price is carried, until it is seen again.
        case
            when kind = 'list'
                then
                    least(
                        coalesce(
                            lead(date) over price_order - 1, (select last_day.date from last_day)
                        ),
                        date + {{ var('price_carried_days') }}
                    )
            else date
        end as held_until
    from seen
    window price_order as (partition by model_id, kind order by date)
),

runs as (
    select
        * exclude (previous_date, previous_price),
        max(
            case
                when
                    previous_date is null
                    or date - previous_date > {{ var('price_carried_days') }}
                    or previous_price <> (prompt_usd_per_mtok, completion_usd_per_mtok)
                    then date
            end
        ) over (partition by model_id, kind order by date) as first_seen
    from followed
),

carried as (
    select
        * exclude (held_until) replace (
            unnest(generate_series(date, held_until, interval 1 day))::date as date
        ),
        date as seen_date
    from runs
)

select
    carried.date,
    carried.model_id,
    carried.kind,
    carried.prompt_usd_per_mtok,
    carried.completion_usd_per_mtok,
    carried.cached_usd_per_mtok,
    carried.cache_write_usd_per_mtok,
    carried.overrides as price_overrides,
    carried.prompt_usd_per_mtok_low,
    carried.prompt_usd_per_mtok_high,
    carried.completion_usd_per_mtok_low,
    carried.completion_usd_per_mtok_high,
    carried.discount,
    carried.undiscounted_prompt_usd_per_mtok,
    carried.undiscounted_completion_usd_per_mtok,
    carried.undiscounted_reason,
    carried.price_basis,
    carried.source,
    carried.confidence,
    carried.first_seen,
    carried.date - carried.seen_date as age_days,
    carried.is_free,
    carried.price_class,
    carried.price_class_basis,
    carried.listed_model_id,
    carried.model_permaslug,
    carried.provider_name,
    carried.captured_at,
    sources.licence,
    sources.citation,
    carried.origin,
    carried.answer_sha256
from carried
inner join {{ ref('price_sources') }} as sources
    using (source)
