-- One row per basis: what the rise from 100 billion to 140 trillion tokens a day measures.
{{ config(meta={
    'claim_id': 'growth-100b-140t',
    'statement': 'Daily consumption surged from 100 billion to 140 trillion.',
    'said_by': 'National Data Administration, as Global Times quotes it',
    'said_on': '2026-04-06',
    'population': 'all AI services in China, early 2024 and March 2026',
    'unit': 'times',
    'source_url': 'https://www.globaltimes.cn/page/202604/1358300.shtml',
    'article': 'tokens',
    'holds_if': 'Both figures stood with their dates, early 2024 and March 2026, '
        ~ 'and were of one population.',
}) }}
{% set evidence %}
    select
        1400.0 as national_ratio,
        -- Early 2024 to March 2026, from the middle of January to the middle of March.
        26 as months,
        power(1400.0, 12.0 / 26) as national_ratio_a_year,
        avg(platform_tokens) filter (where date between '2025-01-01' and '2025-01-31') as platform_a_year_later,
        avg(platform_tokens) filter (where date between '2026-03-01' and '2026-03-31') as platform_now
    from {{ ref('market_days') }}
{% endset %}
with found as (
    {{ evidence }}
),

missing as (
    {{ claim_window('2026-03-01', '2026-03-31') }}
)

select
    'national' as basis,
    found.national_ratio as expected,
    found.national_ratio as measured,
    format(
        '1,400 times over some {} months, which is {:.0f} times a year',
        found.months,
        found.national_ratio_a_year
    ) as measured_text,
    'wrong_baseline' as verdict,
    '100 billion is of early 2024 and 140 trillion of March 2026 (National Data '
    || 'Administration). Said without its dates the '
    || 'rise has no rate, and it is not that of the month before.' as reason,
    null::varchar[] as missing_days,
    -- It rests on the document that is quoted, whatever market is loaded.
    false as rests_on_market,
    '2026-04-06 00:00:00+00'::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
union all by name
select
    'platform' as basis,
    found.national_ratio as expected,
    -- The source begins on 2025-01-01, so it has no figure for early 2024.
    null::double as measured,
    case
        when missing.missing_days is null and found.platform_a_year_later is not null
            then
                format(
                    '{:.1f} times from January 2025, the first month that the source has,',
                    found.platform_now / found.platform_a_year_later
                )
                || ' to March 2026'
    end as measured_text,
    case
        when missing.missing_days is not null or found.platform_now between 126e12 and 154e12
            then 'unverifiable'
        else 'wrong_population'
    end as verdict,
    concat_ws(
        ' ',
        'Read as the platform''s own rise; its days of early 2024 are missing, since the '
        || 'source''s first one is 2025-01-01.',
        missing.missing_reason,
        case
            when missing.missing_days is null
                then
                    format(
                        'It served {:.2f} trillion tokens a day in March 2026: the figures '
                        || 'are of all of China.',
                        found.platform_now / 1e12
                    )
        end
    ) as reason,
    missing.missing_days,
    true as rests_on_market,
    missing.as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
cross join missing
