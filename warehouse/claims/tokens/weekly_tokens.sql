-- One row per reported week and basis: whether the reported tokens are those of its models.
{{ config(meta={
    'claim_id': 'weekly-tokens',
    'statement': 'Chinese models used 12.96 trillion tokens in a week, US ones 3.03 trillion.',
    'said_by': 'weekly reports after OpenRouter, February to April 2026',
    'said_on': none,
    'population': 'OpenRouter, the reported weeks; as said all models of a country',
    'unit': 'trillion tokens of Chinese models',
    'source_url': 'https://www.aibase.com/news/26860',
    'article': 'tokens',
    'holds_if': 'Both figures of a report were within two percent of what the models of that basis '
        ~ 'used.',
}) }}
-- The reports say "Chinese models". Where their figures are those of the nine models on the chart
-- alone, another basis has another population.
{% set evidence %}
    select
        reported.week_start,
        bases.basis as counted,
        reported.chinese_tokens as reported_chinese_tokens,
        reported.us_tokens as reported_us_tokens,
        any_value(weeks.tokens) filter (where weeks.country = 'CN') as chinese_tokens,
        any_value(weeks.tokens) filter (where weeks.country = 'US') as us_tokens,
        coalesce(any_value(weeks.days), 0) as days,
        reported.publisher,
        reported.quoted
    from {{ ref('reported_weeks') }} as reported
    cross join (values ('top9'), ('top50'), ('platform')) as bases (basis)
    left join {{ ref('market_country_weekly') }} as weeks
        on
            reported.week_start = weeks.week_start
            and bases.basis = weeks.basis
    group by all
    order by reported.week_start, bases.basis
{% endset %}
with found as (
    {{ evidence }}
),

known as (
    select max(as_of) as as_of
    from {{ ref('market_days') }}
),

compared as (
    select
        found.*,
        abs(found.chinese_tokens / found.reported_chinese_tokens - 1) <= 0.02
        and abs(found.us_tokens / found.reported_us_tokens - 1) <= 0.02 as is_equal
    from found
),

judged as (
    select
        *,
        bool_or(is_equal and counted = 'top9') over (partition by week_start) as is_of_chart
    from compared
)

select
    'week_of_' || strftime(judged.week_start, '%m_%d') || '_' || judged.counted as basis,
    judged.reported_chinese_tokens / 1e12 as expected,
    case when judged.days = 7 then judged.chinese_tokens / 1e12 end as measured,
    case
        when judged.days = 7
            then
                format(
                    '{:.2f} trillion Chinese and {:.2f} trillion US; reported {:.2f} and {:.2f}',
                    judged.chinese_tokens / 1e12,
                    judged.us_tokens / 1e12,
                    judged.reported_chinese_tokens / 1e12,
                    judged.reported_us_tokens / 1e12
                )
    end as measured_text,
    case
        when judged.days < 7 then 'unverifiable'
        when judged.is_equal then 'supported'
        when judged.is_of_chart then 'wrong_population'
        else 'contradicted'
    end as verdict,
    case
        when judged.days < 7
            then
                'Days of the week are not loaded, or missing at the source: '
                || '`tokentide ingest market --start ' || judged.week_start || ' --end '
                || judged.week_start + 6 || '` asks for them.'
        when judged.is_equal then 'Both figures of ' || judged.publisher || ' are those of this basis.'
        when judged.is_of_chart
            then
                'The figures of ' || judged.publisher || ' are those of the nine models on the '
                || 'chart, not of all models of a country.'
        else 'The figures of ' || judged.publisher || ' are not those of this basis.'
    end as reason,
    case
        when judged.days < 7 then [judged.week_start || '..' || (judged.week_start + 6)]
    end as missing_days,
    case
        when judged.days = 7 and judged.is_equal
            then [judged.week_start || '..' || (judged.week_start + 6)]
        when judged.days = 7 then []::varchar[]
    end as true_dates,
    known.as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from judged
cross join known
