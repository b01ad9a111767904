-- One row per document: whether DeepSeek V4 is on the level of GPT-3.5.
{{ config(meta={
    'claim_id': 'v4-gpt35',
    'statement': 'DeepSeek V4 is comparable with GPT-3.5-level models.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'DeepSeek V4-Pro beside models of OpenAI, by number of their generation',
    'unit': 'generation of GPT',
    'source_url': none,
    'article': 'ascend',
    'holds_if': 'Evaluations put V4 beside GPT-3.5.',
}) }}
{% set evidence %}
    {{ claim_documents_of('v4-gpt35') }}
{% endset %}
{{ document_verdicts(3.5, evidence, is_least=false) }}
