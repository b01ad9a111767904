{#- DuckDB takes four fifths of the machine's memory unless DBT_MEMORY_LIMIT says how much, as on a machine that has other work. -#}
{% macro memory_limit() -%}
    {%- if env_var('DBT_MEMORY_LIMIT', '') -%}
        set memory_limit = '{{ env_var('DBT_MEMORY_LIMIT') }}'
    {%- endif -%}
{%- endmacro %}
