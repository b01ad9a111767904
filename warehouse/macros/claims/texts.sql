{#- A text as SQL has it, or null. -#}
{% macro text_of(text) -%}
    {%- if text is none or text is undefined -%} null {%- else -%} '{{ text | string | replace("'", "''") }}' {%- endif -%}
{%- endmacro %}

{#- The SQL of a claim's figures as a text that the published file can run: it has no name for the warehouse that it was built in. -#}
{% macro evidence_text(sql) -%}
    {{ text_of(sql | replace('"' ~ this.database ~ '".', '') | replace('"', '') | replace('\n    ', '\n') | trim) }}
{%- endmacro %}
