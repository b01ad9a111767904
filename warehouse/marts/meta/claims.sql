-- One row per claim and basis: a public statement, what we measured, and the verdict.
--
-- Every file of warehouse/claims/ is one statement. The basis `all` sums up the others: its verdict
-- is theirs if all that can be judged agree, depends_on_basis if they differ, unverifiable if none
-- can be judged.
{{ claims_must_be_listed() }}
with bases as (
    select
        null::varchar as claim_id,
        null::varchar as basis,
        null::varchar as verdict,
        null::double as measured,
        null::varchar as measured_text,
        null::double as expected,
        null::varchar as reason,
        null::varchar[] as missing_days,
        null::timestamptz as as_of,
        null::varchar as evidence_sql,
        null::varchar as statement,
        null::varchar as said_by,
        null::date as said_on,
        null::varchar as population,
        null::varchar as unit,
        null::varchar as source_url
    where false
    {% for name in var('claims') %}
        union all by name
        select
            {{ claim_literal(name, 'claim_id') }} as claim_id,
            {{ claim_literal(name, 'statement') }} as statement,
            {{ claim_literal(name, 'said_by') }} as said_by,
            {{ claim_literal(name, 'said_on') }}::date as said_on,
            {{ claim_literal(name, 'population') }} as population,
            {{ claim_literal(name, 'unit') }} as unit,
            {{ claim_literal(name, 'source_url') }} as source_url,
            verdicts.*
        from {{ ref(name) }} as verdicts
    {% endfor %}
),

summed as (
    select
        claim_id,
        'all' as basis,
        statement,
        said_by,
        said_on,
        population,
        unit,
        source_url,
        count(distinct verdict) filter (where verdict <> 'unverifiable') as verdicts,
        any_value(verdict) filter (where verdict <> 'unverifiable') as found,
        any_value(expected) as expected,
        string_agg(distinct reason, ' ' order by reason) as reasons,
        count(*) as bases,
        string_agg(basis || ' ' || verdict, ', ' order by basis) as by_basis,
        list_sort(
            list_distinct(flatten(list(missing_days) filter (where missing_days is not null)))
        ) as missing_days,
        max(as_of) as as_of
    from bases
    group by all
),

overall as (
    select
        claim_id,
        basis,
        case verdicts when 0 then 'unverifiable' when 1 then found else 'depends_on_basis' end
            as verdict,
        by_basis as measured_text,
        expected,
        case
            when verdicts = 0 and bases > 1
                then 'No basis can be judged: ' || by_basis || '. ' || reasons
            when bases = 1 then reasons
            else 'By basis: ' || by_basis || '.'
        end as reason,
        nullif(missing_days, []) as missing_days,
        as_of,
        'select basis, verdict, measured, expected, reason from marts.claims where claim_id = '''
        || claim_id
        || ''' order by basis' as evidence_sql,
        statement,
        said_by,
        said_on,
        population,
        unit,
        source_url
    from summed
)

select
    claim_id,
    basis,
    statement,
    said_by,
    said_on,
    population,
    verdict,
    measured,
    expected,
    unit,
    measured_text,
    reason,
    missing_days,
    as_of,
    evidence_sql,
    source_url
from (
    select *
    from bases
    union all by name
    select *
    from overall
) as rows
order by claim_id, basis
