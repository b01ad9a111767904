-- One row per document: whether CANN supports over 70 models.
{{ config(meta={
    'claim_id': 'cann-70-models',
    'statement': 'CANN supports over 70 models.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'models',
    'source_url': none,
    'article': 'cann',
    'holds_if': '70 models or more ran on it on the day of the statement.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-70-models') }}
{% endset %}
{{ document_verdicts(70, evidence) }}
