-- One row per basis: whether the six largest models of early April 2026 were all Chinese.
{{ config(meta={
    'claim_id': 'top-six-april',
    'statement': 'All six of the top-ranked models were Chinese in early April.',
    'said_by': 'Global Times',
    'said_on': '2026-04-06',
    'population': 'OpenRouter, named models of the week from 2026-03-30 to 2026-04-05, and of '
        ~ 'the week after it',
    'unit': 'places of the first six',
    'source_url': 'https://www.globaltimes.cn/page/202604/1358300.shtml',
    'article': 'tokens',
    'holds_if': 'Each of the first six models of the week was of a Chinese lab.',
}) }}
{% set weeks = [
    ('week_of_03_30', '2026-03-30', '2026-04-05'),
    ('week_of_04_06', '2026-04-06', '2026-04-12'),
] %}
{% set evidence %}
    with weeks as (
        select *
        from (
            values
            ('week_of_03_30', '2026-03-30'::date, '2026-04-05'::date),
            ('week_of_04_06', '2026-04-06'::date, '2026-04-12'::date)
        ) as named (window_name, first_date, last_date)
    ),

    counted as (
        select
            weeks.window_name,
            listings.free_listings,
            daily.model_permaslug,
            any_value(daily.releasing_country) as country,
            sum(daily.total_tokens)::bigint as tokens
        from weeks
        inner join {{ ref('market_tokens_daily') }} as daily
            on daily.date between weeks.first_date and weeks.last_date
        cross join (values ('with_free'), ('without_free')) as listings (free_listings)
        where
            not daily.is_other
            and (listings.free_listings = 'with_free' or not daily.is_free)
        group by all
    ),

    places as (
        select
            *,
            row_number() over (partition by window_name, free_listings order by tokens desc, model_permaslug) as place
        from counted
    )

    select
        weeks.window_name,
        listings.free_listings,
        places.place,
        places.model_permaslug,
        places.country,
        places.tokens
    from weeks
    cross join (values ('with_free'), ('without_free')) as listings (free_listings)
    left join places
        on
            weeks.window_name = places.window_name
            and listings.free_listings = places.free_listings
            and places.place <= 6
    order by weeks.window_name, listings.free_listings, places.place
{% endset %}
with found as (
    {{ evidence }}
),

missing as (
    {% for name, first, last in weeks %}
        select
            '{{ name }}' as window_name,
            lacking.*
        from ({{ claim_window(first, last) }}) as lacking
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Whole weeks of all time: whether all of the first six were Chinese.
weekly as (
    select
        date_trunc('week', daily.date)::date as week_start,
        listings.free_listings as basis,
        daily.model_permaslug,
        any_value(daily.releasing_country) as country,
        sum(daily.total_tokens) as tokens,
        count(distinct daily.date) as days
    from {{ ref('market_tokens_daily') }} as daily
    cross join (values ('with_free'), ('without_free')) as listings (free_listings)
    where
        not daily.is_other
        and (listings.free_listings = 'with_free' or not daily.is_free)
    group by all
),

first_six as (
    select *
    from weekly
    qualify
        row_number() over (
            partition by week_start, basis order by tokens desc, model_permaslug
        ) <= 6
),

all_weeks as (
    select
        week_start,
        basis,
        count(*) filter (where country = 'CN') = 6 and max(days) = 7 as is_so
    from first_six
    group by week_start, basis
),

dates as (
    {{ true_spans('all_weeks', 'is_so') }}
),

tallied as (
    select
        window_name,
        free_listings,
        count(*) filter (where country = 'CN') as chinese,
        count(*) filter (where country = 'unknown') as unknown,
        string_agg(model_permaslug, ', ' order by place) as members
    from found
    group by window_name, free_listings
)

select
    tallied.window_name || '_' || tallied.free_listings as basis,
    6.0::double as expected,
    missing.missing_days,
    coalesce(dates.true_dates, []) as true_dates,
    missing.as_of,
    case when missing.missing_days is null then tallied.chinese::double end as measured,
    case when missing.missing_days is null then tallied.members end as measured_text,
    {{ top_places_verdict('tallied', 6) }} as verdict,
    {{ top_places_reason('tallied', 6) }} as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from tallied
inner join missing
    using (window_name)
left join dates
    on tallied.free_listings = dates.basis
