-- One row per UTC day and model that ranked: the least and the most that a million tokens cost.
--
-- A model without a price costs what comparable models cost in that week: of its author and size,
-- else of its author, else, among those that ranked, of its size, else any. These are bounds by
-- comparison, so the method is stated. A cloaked model may also have asked nothing.
with ranked as (
    select
        *,
        date_trunc('week', date)::date as week_start,
        {{ model_size('model_permaslug') }} as size
    from {{ ref('ranked_prices_daily') }}
),

peers as (
    select
        week_start,
        author_slug,
        size,
        usd_low,
        usd_high,
        true as is_ranked
    from ranked
    where usd_high > 0
    union all by name
    select
        date_trunc('week', date)::date as week_start,
        split_part(coalesce(model_permaslug, model_id), '/', 1) as author_slug,
        {{ model_size('coalesce(model_permaslug, model_id)') }} as size,
        least(prompt_usd_per_mtok, completion_usd_per_mtok)::double as usd_low,
        greatest(prompt_usd_per_mtok, completion_usd_per_mtok)::double as usd_high,
        false as is_ranked
    from {{ ref('model_prices_daily') }}
    where
        kind = 'list'
        and price_class in ('paid', 'promotional')
        and not is_free
        and not contains(model_id, ':')
),

{% for name, columns, condition in [
    ('of_author_and_size', 'week_start, author_slug, size', 'true'),
    ('of_author', 'week_start, author_slug', 'true'),
    ('of_size', 'week_start, size', "is_ranked and size <> 'unmarked'"),
    ('of_week', 'week_start', 'is_ranked'),
] %}
    {{ name }} as (
        select
            {{ columns }},
            min(usd_low) as usd_low,
            max(usd_high) as usd_high
        from peers
        where {{ condition }}
        group by all
    ){{ "," if not loop.last }}
{% endfor %}

select
    ranked.date,
    ranked.model_permaslug,
    ranked.is_free,
    ranked.usd_low is not null as is_priced,
    ranked.price_age_days,
    ranked.price_class,
    ranked.price_reason,
    case
        when ranked.usd_low is not null then ranked.usd_low
        when {{ is_cloaked_author('ranked.author_slug') }} and of_week.usd_low is not null then 0
        else
            coalesce(
                of_author_and_size.usd_low, of_author.usd_low, of_size.usd_low, of_week.usd_low
            )
    end as usd_low,
    case
        when ranked.usd_low is not null then ranked.usd_high
        when {{ is_cloaked_author('ranked.author_slug') }} then of_week.usd_high
        else
            coalesce(
                of_author_and_size.usd_high, of_author.usd_high, of_size.usd_high, of_week.usd_high
            )
    end as usd_high,
    case
        when ranked.is_free then 'free'
        when ranked.usd_low is not null then 'own price'
        when {{ is_cloaked_author('ranked.author_slug') }} and of_week.usd_low is not null
            then 'cloaked: nothing, or any price of the week'
        when of_author_and_size.usd_low is not null then 'prices of its author and size'
        when of_author.usd_low is not null then 'prices of its author'
        when of_size.usd_low is not null then 'prices of its size'
        when of_week.usd_low is not null then 'any price of the week'
        else 'none'
    end as method
from ranked
left join of_author_and_size
    using (week_start, author_slug, size)
left join of_author
    using (week_start, author_slug)
left join of_size
    using (week_start, size)
left join of_week
    using (week_start)
