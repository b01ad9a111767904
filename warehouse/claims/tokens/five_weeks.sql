-- One row per basis: whether China served more than the US in the five weeks to 5 April 2026.
{{ config(meta={
    'claim_id': 'five-weeks',
    'statement': 'Chinese AI tops the US five weeks straight.',
    'said_by': 'National Business Daily, as Global Times quotes it',
    'said_on': '2026-04-06',
    'population': 'OpenRouter, the five ISO weeks from 2026-03-02 to 2026-04-05, by country of '
        ~ 'the lab',
    'unit': 'weeks in a row',
    'source_url': 'https://www.globaltimes.cn/page/202604/1358300.shtml',
    'article': 'tokens',
    'holds_if': 'Chinese models were above US ones in each of the five weeks, '
        ~ 'whoever owns what is unknown.',
}) }}
{% set evidence %}
    {{ country_weeks('2026-03-02', '2026-03-30', 'is_above_us') }}
{% endset %}
{{ streak_verdicts(
    'is_chinese_above_us', 5, '2026-03-02', '2026-04-05', 'above the US', evidence, 'is_above_us'
) }}
