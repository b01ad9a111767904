-- One row per basis: whether Chinese models lead US ones in reasoning, by the nearest categories.
{{ config(meta={
    'claim_id': 'reasoning-use',
    'statement': 'Chinese models lead in reasoning use.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, sampled traffic on science and in academia of a week, by country of '
        ~ 'the lab',
    'unit': 'share of tokens',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'In the newest week Chinese models had more tokens than US ones, whoever owns the '
        ~ 'rest.',
}) }}
-- No source of ours has a category of reasoning: science and academia are the nearest ones, and
-- tasks named for reasoning count if the classification has any.
{% set evidence %}
    {{ use_evidence(['category=science', 'category=academia'], '%reasoning%') }}
{% endset %}
{{ use_verdicts(
    evidence,
    'This ranking is missing: the filtered rankings need a key, and the classification has no task '
    ~ 'of reasoning. `tokentide ingest market` asks for both.'
) }}
