-- One row per document: whether over 90 projects integrate CANN.
{{ config(meta={
    'claim_id': 'cann-90-projects-integrated',
    'statement': 'Over 90 projects of others have integrated CANN.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'projects',
    'source_url': none,
    'article': 'cann',
    'holds_if': 'A list named 90 projects or more.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-90-projects-integrated') }}
{% endset %}
{{ document_verdicts(90, evidence) }}
