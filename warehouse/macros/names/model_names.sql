{#- Parts of a permaslug `author/slug:variant`; null for `other`. -#}
{% macro author_slug(model_permaslug) -%}
    case when {{ model_permaslug }} <> 'other' then split_part({{ model_permaslug }}, '/', 1) end
{%- endmacro %}

{% macro model_base(model_permaslug) -%}
    case when {{ model_permaslug }} <> 'other' then split_part({{ model_permaslug }}, ':', 1) end
{%- endmacro %}

{% macro model_variant(model_permaslug) -%}
    case
        when {{ model_permaslug }} = 'other' then null
        when contains({{ model_permaslug }}, ':') then split_part({{ model_permaslug }}, ':', 2)
        else 'standard'
    end
{%- endmacro %}
