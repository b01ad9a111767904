-- One row per basis: whether weights of few bits take less energy a token, on our tier.
{{ config(meta={
    'claim_id': 'energy-per-token',
    'statement': 'Energy per token is lower.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'one device with weights of 8 or 4 bits beside weights of 16 bits; here our tier',
    'unit': 'joules a token over those with 16 bits',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'A token took fewer joules with weights of 8 or 4 bits than with 16, on the same '
        ~ 'target.',
}) }}
-- The statement names no model, device or baseline. It is read as one about few bits, of which the
-- same article speaks.
{% set evidence %}
    with hours as (
        select
            efficiency.target,
            regexp_matches(lower(weights.weights_quantization), '(int|fp|w)?[48]') as is_few_bits,
            median(efficiency.joules_per_token) as joules_per_token,
            count(*) as hours,
            max(efficiency.hour_at) as last_hour_at
        from {{ ref('local_efficiency_hourly') }} as efficiency
        inner join {{ ref('served_weights') }} as weights
            on
                efficiency.target = weights.target
                and efficiency.model_name = weights.model_name
        where
            efficiency.joules_per_token > 0
            and weights.weights_quantization is not null
        group by all
    )

    select
        'tier' as basis,
        median(few.joules_per_token / plain.joules_per_token) as ratio,
        coalesce(sum(few.hours), 0)::bigint as hours_of_few_bits,
        coalesce(sum(plain.hours), 0)::bigint as other_hours,
        max(few.last_hour_at) as last_hour_at
    from hours as few
    inner join hours as plain
        on
            few.target = plain.target
            and few.is_few_bits
            and not plain.is_few_bits
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    1.0::double as expected,
    ratio::double as measured,
    format('{:.2f} of the joules a token', ratio) as measured_text,
    case
        when ratio is null then 'unverifiable'
        when ratio < 1 then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when ratio is null
            then
                'No target of our tier has hours with energy a token under weights of few bits and '
                || 'of 16. Serve one model both ways, with a power source in the tier file, '
                || '`tokentide collect` and `tokentide ingest telemetry`. The statement itself '
                || 'names no baseline.'
        else
            hours_of_few_bits || ' hours with few bits beside ' || other_hours
            || ' of the same target; models and loads may differ.'
    end as reason,
    last_hour_at as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
