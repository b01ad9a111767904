-- One row per basis: whether US and Chinese models traded the lead several times since early 2025.
{{ config(meta={
    'claim_id': 'quality-lead-traded',
    'statement': 'US and Chinese models have traded the lead several times since early 2025.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'best models of US and Chinese labs on a public measure of quality',
    'unit': 'changes of the lead',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'The lead changed sides twice or more from January 2025 to April 2026.',
}) }}
-- From January 2025 to the end of April 2026. Several is two or more. A change within the intervals
-- may be none, so changes that are certain are another basis. A measure that is not loaded from early
-- 2025 on has no verdict.
{% set evidence %}
    with bases as (
        select
            measure,
            certainty,
            measure || case when certainty = 'certain' then '_certain' else '' end as basis
        from
            (values ('arena_text'), ('arena_text_style_control'), ('epoch')) as measures (measure)
        cross join (values ('any'), ('certain')) as certainties (certainty)
    ),

    covered as (
        select
            measure,
            min(date) as first_date,
            max(date) as last_date,
            max(version_date) as version_date,
            any_value(citation) as citation
        from {{ ref('quality_gap_daily') }}
        where
            date between '2025-01-01' and '2026-04-30'
            and category = 'overall'
            and dimension = 'country'
        group by measure
    ),

    changes as (
        select
            measure,
            is_certain,
            changed_date,
            leader
        from {{ ref('quality_lead_changes') }}
        where
            changed_date between '2025-01-01' and '2026-04-30'
            and category = 'overall'
            and dimension = 'country'
    )

    select
        bases.basis,
        covered.first_date,
        covered.last_date,
        covered.version_date,
        covered.citation,
        case when covered.measure is not null then count(changes.changed_date) end as changes,
        string_agg(
            changes.leader || ' from ' || changes.changed_date, ', ' order by changes.changed_date
        ) as leaders
    from bases
    left join covered
        on bases.measure = covered.measure
    left join changes
        on
            bases.measure = changes.measure
            and (bases.certainty = 'any' or changes.is_certain)
    group by
        bases.basis,
        covered.measure,
        covered.first_date,
        covered.last_date,
        covered.version_date,
        covered.citation
    order by bases.basis
{% endset %}
with found as (
    {{ evidence }}
),

judged as (
    select
        *,
        first_date is null or first_date > '2025-02-28' as is_short
    from found
),

known as (
    select
        measure,
        max(date) as last_date
    from {{ ref('quality_gap_daily') }}
    where
        category = 'overall'
        and dimension = 'country'
        and date >= '2025-01-01'
    group by measure
),

changed as (
    select
        changes.measure || case when certainties.is_certain then '_certain' else '' end as basis,
        list(changes.changed_date order by changes.changed_date) as days
    from {{ ref('quality_lead_changes') }} as changes
    cross join (values (false), (true)) as certainties (is_certain)
    where
        changes.category = 'overall'
        and changes.dimension = 'country'
        and changes.changed_date >= '2025-01-01'
        and (changes.is_certain or not certainties.is_certain)
    group by all
),

-- From the second change on it stays true, to the last day that is known.
dates as (
    select
        judged.basis,
        case
            when len(changed.days) >= 2
                then [changed.days[2]::date || '..' || greatest(known.last_date, changed.days[2]::date)]
            when known.last_date is not null then []::varchar[]
        end as true_dates
    from judged
    left join known
        on known.measure = regexp_replace(judged.basis, '_certain$', '')
    left join changed
        on judged.basis = changed.basis
),

dated as (
    select
        judged.*,
        dates.true_dates
    from judged
    left join dates
        on judged.basis = dates.basis
)

select
    basis,
    true_dates,
    2.0::double as expected,
    case when not is_short then changes::double end as measured,
    case
        when not is_short
            then format('{} changes from {} to {}', changes, first_date, last_date)
    end as measured_text,
    case
        -- Those that are known are enough, whatever came before.
        when changes >= 2 then 'supported'
        when is_short then 'unverifiable'
        else 'contradicted'
    end as verdict,
    case
        when first_date is null
            then 'The measure is not loaded; `tokentide ingest quality` asks for it.'
        when is_short and changes < 2
            then 'The measure is known from ' || first_date || ' on only.'
        when changes = 0 then 'One side led on all days. ' || citation || '.'
        else leaders || '. ' || citation || '.'
    end as reason,
    version_date::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from dated
