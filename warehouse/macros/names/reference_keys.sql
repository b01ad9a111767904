{#- Letters and digits of a name alone, in lower case: lists write Z.ai, Z AI or z-ai. -#}
{% macro name_key(name) -%}
    regexp_replace(lower({{ name }}), '[^a-z0-9]', '', 'g')
{%- endmacro %}

{#- Name of a model without the lab's name and colon that catalogues put before it. -#}
{% macro plain_model_name(name) -%}
    case
        when contains({{ name }}, ': ') then split_part({{ name }}, ': ', 2) else {{ name }}
    end
{%- endmacro %}
