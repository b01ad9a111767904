-- One row per document: whether up to 8,192 cards make one system.
{{ config(meta={
    'claim_id': 'supernode-8192',
    'statement': 'Up to 8,192 cards work as one system.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'systems of Ascend NPUs with one interconnect',
    'unit': 'cards in one system',
    'source_url': none,
    'article': 'ascend',
    'holds_if': 'A system of 8,192 cards could be had when it was said; announced it was.',
}) }}
{% set evidence %}
    {{ claim_documents_of('supernode-8192') }}
{% endset %}
{{ document_verdicts(8192, evidence) }}
