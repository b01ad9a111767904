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

{#- Factor of a standard error for autocorrelation: neighbouring days or weeks are alike, so they
    say less than independent ones. `correlation` is that of each residual with the one before; the
    factor is 1 where it is unknown or negative. -#}
{% macro inflation_factor(correlation) -%}
    case
        when {{ correlation }} > 0
            then sqrt((1 + least({{ correlation }}, 0.9)) / (1 - least({{ correlation }}, 0.9)))
        else 1
    end
{%- endmacro %}
