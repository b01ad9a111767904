{#- How many standard errors reach 95 percent to both sides: Student's t by its expansion around the normal quantile (Abramowitz and Stegun
    26.7.5), right to one percent from three degrees of freedom on. -#}
{% macro t_95(degrees) -%}
    (1.959964 + 2.372271 / ({{ degrees }}) + 2.822502 / ({{ degrees }}) ** 2 + 2.555850 / ({{ degrees }}) ** 3)
{%- endmacro %}

{#- Days or weeks that follow each other are alike, so they tell less than as many that are independent. The standard error grows by this
    factor for a correlation of each residual with the one before; where that is unknown or negative, by none. -#}
{% macro inflation(correlation) -%}
    case
        when {{ correlation }} > 0 then sqrt((1 + least({{ correlation }}, 0.9)) / (1 - least({{ correlation }}, 0.9)))
        else 1
    end
{%- endmacro %}
