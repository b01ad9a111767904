{#- Two-sided 95 percent quantile of Student's t, in standard errors, by its expansion around the
    normal quantile (Abramowitz and Stegun 26.7.5); right to one percent from three degrees of
    freedom on. -#}
{% macro t_95(degrees) -%}
    (
        1.959964
        + 2.372271 / ({{ degrees }})
        + 2.822502 / ({{ degrees }}) ** 2
        + 2.555850 / ({{ degrees }}) ** 3
    )
{%- endmacro %}

{#- Degrees of freedom of a line whose neighbouring residuals are alike: they say less than independent
    ones. The number of points shrinks to (1 - r) / (1 + r) of it, and counts so in the variance and in
    the quantile (Santer and others 2000, doi.org/10.1029/1999JD901105). `correlation` is that of each
    residual with the one before; it is too low by about (p + (p + 2) r) / n for p fitted numbers
    (Kendall 1954 for p = 1; Shaman and Stine 1988 for trends), which is added first. A negative one
    counts as 0. Two are left at least. -#}
{% macro effective_degrees(points, fitted, correlation) -%}
    greatest(
        {{ points }}
        * (1 - {{ unbiased_correlation(points, fitted, correlation) }})
        / (1 + {{ unbiased_correlation(points, fitted, correlation) }})
        - {{ fitted }},
        2
    )
{%- endmacro %}

{% macro unbiased_correlation(points, fitted, correlation) -%}
    least(
        greatest(
            (coalesce({{ correlation }}, 0) + {{ fitted }} / {{ points }})
            / (1 - {{ fitted + 2 }} / {{ points }}),
            0
        ),
        0.9
    )
{%- endmacro %}
