-- One row per document: whether CANN has over 1,500 operators.
{{ config(meta={
    'claim_id': 'cann-1500-operators',
    'statement': 'CANN has over 1,500 operators.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'operators',
    'source_url': none,
    'article': 'cann',
    'holds_if': '1,500 operators or more were in its libraries on the day of the statement.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-1500-operators') }}
{% endset %}
{{ document_verdicts(1500, evidence) }}
