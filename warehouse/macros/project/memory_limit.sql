{#- Memory limit from DBT_MEMORY_LIMIT, for a machine that has other work; without it DuckDB takes
    up to four fifths of the machine's memory. -#}
{% macro memory_limit() -%}
    {%- if env_var('DBT_MEMORY_LIMIT', '') -%}
        set memory_limit = '{{ env_var('DBT_MEMORY_LIMIT') }}'
    {%- endif -%}
{%- endmacro %}
