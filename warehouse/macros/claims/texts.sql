{#- A text as a literal of SQL; null where there is none. -#}
{% macro sql_literal(text) -%}
    {%- if text is none or text is undefined -%}
        null
    {%- else -%}
        '{{ text | string | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}

{#- The SQL of a claim's figures as a text that runs on the published file, which has another name
    than the warehouse. -#}
{% macro evidence_text(sql) -%}
    {%- set unquoted = sql | replace('"' ~ this.database ~ '".', '') | replace('"', '') -%}
    {{ sql_literal(unquoted | replace('\n    ', '\n') | trim) }}
{%- endmacro %}
