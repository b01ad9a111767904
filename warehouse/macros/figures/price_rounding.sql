{#- Two prices differ by no more than rounding: sources round what they list. -#}
{% macro is_rounding(low, high) -%}
    {{ high }} - {{ low }} <= 0.005 * {{ high }}
{%- endmacro %}
