-- One row per basis: whether 12 billion is a size of DeepSeek V4, by model and kind of count.
{{ config(meta={
    'claim_id': 'v4-12b',
    'statement': 'DeepSeek V4 is a 12-billion-parameter MoE.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'the two models that DeepSeek released as V4',
    'unit': 'billion parameters',
    'source_url': 'https://huggingface.co/deepseek-ai/DeepSeek-V4-Pro',
    'article': 'ascend',
    'holds_if': 'One of the counts were 12 billion.',
}) }}
-- Rests on documents, not on data: DeepSeek's announcement and report of 2026-04-24.
{% set evidence %}
    select
        basis,
        billion_parameters,
        'DeepSeek''s announcement and V4 report, 2026-04-24' as document
    from (
        values
        ('pro_total', 1600.0),
        ('pro_active', 49.0),
        ('flash_total', 284.0),
        ('flash_active', 13.0)
    ) as stated (basis, billion_parameters)
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    12.0::double as expected,
    billion_parameters::double as measured,
    format('{:.0f} billion', billion_parameters) as measured_text,
    -- Rounded figures agree to within half a billion.
    case when abs(billion_parameters - 12) <= 0.5 then 'supported' else 'contradicted' end
        as verdict,
    'V4-Pro has 1.6 trillion parameters, 49 billion active; V4-Flash 284 billion, 13 billion '
    || 'active (DeepSeek, 2026-04-24).'
        as reason,
    '2026-04-24 00:00:00+00'::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
