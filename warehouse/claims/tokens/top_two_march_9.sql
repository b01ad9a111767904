-- One row per basis: whether Chinese companies took the top two places in early March 2026.
{{ config(meta={
    'claim_id': 'top-two-march-9',
    'statement': 'In the week of March 9 Chinese companies took the top two places of the month.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, named models; the month is the calendar month so far, or the 30 '
        ~ 'days up to 2026-03-15',
    'unit': 'places of the first two',
    'source_url': none,
    'article': 'tokens',
    'holds_if': 'Both of the first two places were Chinese.',
}) }}
-- The platform's own monthly ranking covers the last 30 days; the press may mean the calendar
-- month. A place belongs to a model or to a company.
{% set windows = [
    ('week', '2026-03-09'),
    ('calendar_month', '2026-03-01'),
    ('last_30_days', '2026-02-14'),
] %}
{% set evidence %}
    with windows as (
        select *
        from (
            values
            ('week', '2026-03-09'::date),
            ('calendar_month', '2026-03-01'::date),
            ('last_30_days', '2026-02-14'::date)
        ) as named (window_name, first_date)
    ),

    counted as (
        select
            windows.window_name,
            grains.grain,
            grains.member,
            grains.country,
            sum(daily.total_tokens)::bigint as tokens
        from windows
        inner join {{ ref('market_tokens_daily') }} as daily
            on daily.date between windows.first_date and '2026-03-15'
        cross join lateral (
            values
            ('models', daily.model_permaslug, daily.releasing_country),
            ('companies', daily.author_slug, daily.releasing_country)
        ) as grains (grain, member, country)
        where not daily.is_other
        group by all
    ),

    places as (
        select
            *,
            row_number() over (partition by window_name, grain order by tokens desc, member) as place
        from counted
    )

    select
        windows.window_name,
        grains.grain,
        places.place,
        places.member,
        places.country,
        places.tokens
    from windows
    cross join (values ('models'), ('companies')) as grains (grain)
    left join places
        on
            windows.window_name = places.window_name
            and grains.grain = places.grain
            and places.place <= 2
    order by windows.window_name, grains.grain, places.place
{% endset %}
with found as (
    {{ evidence }}
),

missing as (
    {% for name, first in windows %}
        select
            '{{ name }}' as window_name,
            lacking.*
        from ({{ claim_window(first, '2026-03-15') }}) as lacking
        {{ "union all" if not loop.last }}
    {% endfor %}
),

tallied as (
    select
        window_name,
        grain,
        count(*) filter (where country = 'CN') as chinese,
        count(*) filter (where country = 'unknown') as unknown,
        string_agg(member, ', ' order by place) as members
    from found
    group by window_name, grain
)

select
    tallied.window_name || '_' || tallied.grain as basis,
    2.0::double as expected,
    missing.missing_days,
    missing.as_of,
    case when missing.missing_days is null then tallied.chinese::double end as measured,
    case when missing.missing_days is null then tallied.members end as measured_text,
    {{ top_places_verdict('tallied', 2) }} as verdict,
    -- It is about one week.
    case
        when missing.missing_days is not null then null
        when tallied.chinese = 2 then ['2026-03-09..2026-03-15']
        else []::varchar[]
    end as true_dates,
    {{ top_places_reason('tallied', 2) }} as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from tallied
inner join missing
    using (window_name)
