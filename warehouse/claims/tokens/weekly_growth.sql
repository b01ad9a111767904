-- One row per reported week and basis: whether Chinese use grew in a week as reported.
{{ config(meta={
    'claim_id': 'weekly-growth',
    'statement': 'Weekly use of Chinese models rose by 31.48 %.',
    'said_by': 'weekly reports after OpenRouter, March and April 2026',
    'said_on': none,
    'population': 'OpenRouter, the reported weeks beside the weeks before them',
    'unit': 'ratio of tokens',
    'source_url': 'https://www.aibase.com/news/26860',
    'article': 'tokens',
    'holds_if': 'Tokens of Chinese models changed as reported, to within two percentage points.',
}) }}
{% set evidence %}
    select
        reported.week_start,
        bases.basis as counted,
        reported.chinese_growth as reported_growth,
        now.tokens as chinese_tokens,
        before.tokens as chinese_tokens_before,
        now.tokens / before.tokens - 1 as growth,
        coalesce(now.days, 0) + coalesce(before.days, 0) as days,
        reported.publisher,
        reported.quoted
    from {{ ref('reported_weeks') }} as reported
    cross join (values ('top9'), ('top50'), ('platform')) as bases (basis)
    left join {{ ref('market_country_weekly') }} as now
        on
            reported.week_start = now.week_start
            and bases.basis = now.basis
            and now.country = 'CN'
    left join {{ ref('market_country_weekly') }} as before
        on
            reported.week_start - 7 = before.week_start
            and bases.basis = before.basis
            and before.country = 'CN'
    where reported.chinese_growth is not null
    order by reported.week_start, bases.basis
{% endset %}
with found as (
    {{ evidence }}
),

known as (
    select max(as_of) as as_of
    from {{ ref('market_days') }}
),

judged as (
    select
        *,
        abs(growth - reported_growth) <= 0.02 as is_equal,
        days = 14 as is_whole,
        bool_or(counted = 'top9' and abs(growth - reported_growth) <= 0.02)
            over (partition by week_start) as is_of_chart,
        [(week_start - 7) || '..' || (week_start + 6)] as span
    from found
)

select
    'week_of_' || strftime(judged.week_start, '%m_%d') || '_' || judged.counted as basis,
    judged.reported_growth as expected,
    case when judged.is_whole then judged.growth end as measured,
    case
        when judged.is_whole
            then
                format(
                    '{:+.1f} %; reported {:+.1f} %', 100 * judged.growth, 100 * judged.reported_growth
                )
    end as measured_text,
    case
        when not judged.is_whole then 'unverifiable'
        when judged.is_equal then 'supported'
        when judged.is_of_chart then 'wrong_population'
        else 'contradicted'
    end as verdict,
    case
        when not judged.is_whole
            then
                'Days of the two weeks are not loaded, or missing at the source: '
                || '`tokentide ingest market --start ' || judged.week_start - 7 || ' --end '
                || judged.week_start + 6 || '` asks for them.'
        when judged.is_equal then 'The change that ' || judged.publisher || ' has is that of this basis.'
        when judged.is_of_chart
            then
                'The change that ' || judged.publisher || ' has is that of the nine models on the '
                || 'chart, whose members changed too.'
        else 'The change that ' || judged.publisher || ' has is not that of this basis.'
    end as reason,
    case when not judged.is_whole then judged.span end as missing_days,
    case
        when judged.is_whole and judged.is_equal then judged.span
        when judged.is_whole then []::varchar[]
    end as true_dates,
    known.as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from judged
cross join known
