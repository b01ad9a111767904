-- One row per basis: whether the best Chinese model was within 2.7 % of the best US one in March 2026.
{{ config(meta={
    'claim_id': 'quality-gap-march',
    'statement': 'In March 2026 the best Chinese model was within 2.7 % of the best US one.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'best models of US and Chinese labs on a public measure of quality',
    'unit': 'percent of the trailing score',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'The gap was at most 2.7 % of the trailing score, whatever its interval allows.',
}) }}
-- The last day of March 2026 that is known. The statement says neither which measure nor of what the
-- percentage is taken; no scale has a zero, so another one gives another percentage.
{% set evidence %}
    with measures as (
        select unnest(['arena_text', 'arena_text_style_control', 'epoch']) as basis
    ),

    march as (
        select *
        from {{ ref('quality_gap_daily') }}
        where
            date between '2026-03-01' and '2026-03-31'
            and category = 'overall'
            and dimension = 'country'
    ),

    last_days as (
        select
            measure,
            max(date) as date
        from march
        group by measure
    ),

    gaps as (
        select march.*
        from march
        inner join last_days
            on
                march.measure = last_days.measure
                and march.date = last_days.date
    )

    select
        measures.basis,
        gaps.date,
        gaps.version_date,
        gaps.is_hindsight,
        gaps.member_model as us_model,
        gaps.other_model as chinese_model,
        gaps.gap_points,
        gaps.gap_percent,
        gaps.gap_percent_low,
        gaps.gap_percent_high,
        gaps.citation
    from measures
    left join gaps
        on measures.basis = gaps.measure
    order by measures.basis
{% endset %}
with found as (
    {{ evidence }}
),

days as (
    select
        measure as basis,
        date,
        gap_percent
    from {{ ref('quality_gap_daily') }}
    where
        category = 'overall'
        and dimension = 'country'
),

-- Of a measure of which no day is loaded nothing is known, so it has no row.
dates as (
    {{ true_day_spans('days', 'round(gap_percent, 1) <= 2.7') }}
),

dated as (
    select
        found.*,
        dates.true_dates
    from found
    left join dates
        on found.basis = dates.basis
)

select
    basis,
    2.7::double as expected,
    true_dates,
    gap_percent as measured,
    case
        when gap_percent is not null
            then
                format(
                    '{} to {}: {:.2f} %, between {} and {} %, on {}',
                    us_model,
                    chinese_model,
                    gap_percent,
                    coalesce(format('{:.1f}', gap_percent_low), 'an unknown'),
                    coalesce(format('{:.1f}', gap_percent_high), 'an unknown'),
                    date
                )
    end as measured_text,
    case
        when gap_percent is null then 'unverifiable'
        when round(gap_percent, 1) <= 2.7 then 'supported'
        when coalesce(gap_percent_low, 0) <= 2.7 then 'unverifiable'
        else 'contradicted'
    end as verdict,
    case
        when gap_percent is null
            then 'The measure is not loaded for March 2026; `tokentide ingest quality` asks for it.'
        when round(gap_percent, 1) > 2.7 and coalesce(gap_percent_low, 0) <= 2.7
            then 'The gap was larger, but its interval holds 2.7 % as well.'
        else
            citation || ', version of ' || version_date || case
                when is_hindsight then ', which stands for the days before it' else ''
            end || '.'
    end as reason,
    version_date::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from dated
