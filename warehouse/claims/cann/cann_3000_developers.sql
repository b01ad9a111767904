-- One row per document: whether over 3,000 developers work on CANN.
{{ config(meta={
    'claim_id': 'cann-3000-developers',
    'statement': 'Over 3,000 developers have joined CANN.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'developers',
    'source_url': none,
    'article': 'cann',
    'holds_if': '3,000 people or more had contributed, or had signed up: the '
        ~ 'statement does not say which.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-3000-developers') }}
{% endset %}
{{ document_verdicts(3000, evidence) }}
