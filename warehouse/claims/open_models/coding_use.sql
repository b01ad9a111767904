-- One row per basis: whether Chinese models lead US ones in coding, by tokens.
{{ config(meta={
    'claim_id': 'coding-use',
    'statement': 'Chinese models lead in coding use.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, sampled traffic on programming of a week, by country of the lab',
    'unit': 'share of tokens',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'In the newest week Chinese models had more tokens than US ones, whoever owns the '
        ~ 'rest.',
}) }}
-- Both sources are samples of the platform, and have no figures before they are first asked for.
{% set evidence %}
    {{ use_evidence(['category=programming', 'language_type=programming'], 'code:%') }}
{% endset %}
{{ use_verdicts(
    evidence,
    'This ranking is missing: the filtered rankings and the classification of tasks need a key. '
    ~ '`tokentide ingest market` asks for both.'
) }}
