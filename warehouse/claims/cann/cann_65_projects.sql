-- One row per document: whether CANN has opened 65 projects.
{{ config(meta={
    'claim_id': 'cann-65-projects',
    'statement': 'CANN has opened 65 projects since it became open source.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'projects',
    'source_url': none,
    'article': 'cann',
    'holds_if': '65 projects were listed on the day of the statement.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-65-projects') }}
{% endset %}
{{ document_verdicts(65, evidence) }}
