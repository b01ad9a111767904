-- One row per basis: whether China led all countries for weeks in a row in March and April 2026.
{{ config(meta={
    'claim_id': 'first-weeks',
    'statement': 'Chinese models were first for multiple consecutive weeks in March and April '
        ~ '2026.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, whole ISO weeks within March and April 2026, by country of the lab',
    'unit': 'weeks in a row',
    'source_url': none,
    'article': 'tokens',
    'holds_if': 'Chinese models were first of all countries in at least two whole '
        ~ 'weeks in a row, whoever owns what is unknown.',
}) }}
-- "Multiple" means at least two.
{% set evidence %}
    {{ country_weeks('2026-03-02', '2026-04-20', 'is_first') }}
{% endset %}
{{ streak_verdicts(
    'is_chinese_first', 2, '2026-03-02', '2026-04-26', 'first of all countries', evidence, 'is_first'
) }}
