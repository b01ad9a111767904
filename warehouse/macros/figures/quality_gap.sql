{#- End of the interval of a difference of two independent estimates, of which each has an interval that
    need not be symmetric: the distances of the ends add up as squares. `side` is 'low' or 'high'. -#}
{% macro difference_end(first, second, side) -%}
    {%- set sign, near, far = ('-', 'low', 'high') if side == 'low' else ('+', 'high', 'low') -%}
    {{ first }}.score - {{ second }}.score {{ sign }} sqrt(
        power({{ first }}.score - {{ first }}.score_{{ near }}, 2)
        + power({{ second }}.score - {{ second }}.score_{{ far }}, 2)
    )
{%- endmacro %}

{#- Expected share of votes for a model that is rated higher by these points, on a scale of Elo. -#}
{% macro expected_win_rate(points) -%}
    1 / (1 + power(10, -({{ points }}) / 400))
{%- endmacro %}

{#- Months between two days. -#}
{% macro months_between(first, last) -%}
    ({{ last }} - {{ first }}) / 30.4375
{%- endmacro %}
