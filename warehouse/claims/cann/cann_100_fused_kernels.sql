-- One row per document: whether CANN has over 100 fused kernels.
{{ config(meta={
    'claim_id': 'cann-100-fused-kernels',
    'statement': 'CANN has over 100 fused kernels.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'CANN as open source, since its opening was announced on 2025-08-05',
    'unit': 'fused kernels',
    'source_url': none,
    'article': 'cann',
    'holds_if': '100 fused kernels or more were in its libraries.',
}) }}
{% set evidence %}
    {{ claim_documents_of('cann-100-fused-kernels') }}
{% endset %}
{{ document_verdicts(100, evidence) }}
