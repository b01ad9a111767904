-- One row per basis: whether the platform served 140 trillion tokens a day in March 2026.
{{ config(meta={
    'claim_id': 'tokens-140t',
    'statement': '140 trillion tokens a day are the platform\'s.',
    'said_by': 'press, spring 2026, after a figure of the National Data Administration for all '
        ~ 'of China',
    'said_on': none,
    'population': 'OpenRouter, all traffic of March 2026; the figure itself is of all AI '
        ~ 'services in China',
    'unit': 'tokens a day',
    'source_url': 'https://www.globaltimes.cn/page/202604/1358300.shtml',
    'article': 'tokens',
    'holds_if': 'The platform served 126 to 154 trillion tokens a day.',
}) }}
{% set evidence %}
    select
        count(platform_tokens) as days,
        avg(platform_tokens) as mean_day,
        max(platform_tokens)::double as highest_day,
        bool_or(is_other_missing) as is_other_missing
    from {{ ref('market_days') }}
    where date between '2026-03-01' and '2026-03-31'
{% endset %}
with found as (
    {{ evidence }}
),

missing as (
    {{ claim_window('2026-03-01', '2026-03-31') }}
),

-- Days of all time on which the platform served that much.
days as (
    select coalesce(list(date || '..' || date order by date), []) as true_dates
    from {{ ref('market_days') }}
    where platform_tokens between 126e12 and 154e12
),

based as (
    select
        'mean_day' as basis,
        found.mean_day as tokens,
        found.is_other_missing
    from found
    union all
    select
        'highest_day' as basis,
        found.highest_day as tokens,
        found.is_other_missing
    from found
)

select
    based.basis,
    140e12 as expected,
    missing.missing_days,
    days.true_dates,
    missing.as_of,
    case when missing.missing_days is null then based.tokens end as measured,
    case
        when missing.missing_days is null
            then format('{:.2f} trillion tokens a day on the platform', based.tokens / 1e12)
    end as measured_text,
    case
        when missing.missing_days is not null then 'unverifiable'
        when based.tokens between 126e12 and 154e12 then 'supported'
        -- The platform served at least what its named models did, and possibly more.
        when based.is_other_missing and based.tokens < 126e12 then 'unverifiable'
        else 'wrong_population'
    end as verdict,
    case
        when missing.missing_days is not null
            then
                'The figure is the National Data Administration''s for all of China; the '
                || 'platform''s own total of March 2026 is to stand beside it. '
                || missing.missing_reason
        when based.tokens between 126e12 and 154e12
            then 'The platform''s own total lies within a tenth of it.'
        when based.is_other_missing and based.tokens < 126e12
            then 'What the platform served beyond its top 50 is missing on some day.'
        else
            'The figure is the National Data Administration''s for all of China (said on '
            || '2026-03-23 and 24). The platform served '
            || format('{:.2f}', based.tokens / 140e12 * 100) || ' % of it.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from based
cross join missing
cross join days
