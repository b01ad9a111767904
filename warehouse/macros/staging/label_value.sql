{#- Value of one label of `k="v",...`, still escaped as on the metrics page; null without that
    label. -#}
{% macro label_value(labels, name) -%}
    nullif(regexp_extract({{ labels }}, '(^|,){{ name }}="((?:[^"\\]|\\.)*)"', 2), '')
{%- endmacro %}
