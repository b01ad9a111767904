{#- Name without the date at its end: 20250929, 2025-09-29, 04-17 or 0613. -#}
{% macro name_without_date(name) -%}
    regexp_replace({{ name }}, '-(\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{4})$', '')
{%- endmacro %}

{#- Author and the words of the name in alphabetical order: rankings write claude-4.5-sonnet or
    claude-3-7-sonnet, ids claude-sonnet-4.5 and claude-3.7-sonnet. -#}
{% macro words_of_name(name) -%}
    split_part({{ name }}, '/', 1) || '/' || list_aggregate(
        list_sort(regexp_split_to_array(lower(split_part({{ name }}, '/', 2)), '[-.]')),
        'string_agg', '-'
    )
{%- endmacro %}
