-- One row per claim and basis: the statement, and the verdict that its file of warehouse/claims/
-- reaches on this basis.
{{ claims_must_be_listed() }}
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
    null::boolean as rests_on_market,
    null::boolean as reads_market,
    null::varchar as layer,
    null::varchar as claim_layer,
    null::varchar[] as true_dates,
    null::varchar as article,
    null::varchar as holds_if,
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
        {{ claim_reads_market(name) }} as reads_market,
        '{{ claim_layer(name) }}' as claim_layer,
        coalesce({{ claim_literal(name, 'article') }}, 'others') as article,
        {{ claim_literal(name, 'holds_if') }} as holds_if,
        verdicts.*
    from {{ ref(name) }} as verdicts
{% endfor %}
