{#- The value of one label of `k="v",...`, still escaped as on the page; null where it is not there. -#}
{% macro label_of(labels, name) -%}
    nullif(regexp_extract({{ labels }}, '(^|,){{ name }}="((?:[^"\\]|\\.)*)"', 2), '')
{%- endmacro %}
