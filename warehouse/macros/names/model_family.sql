{#- Name that a model keeps when it gets a new date: the permaslug without its variant and without a
    trailing date (-20260616, -2026-06-16, -06-16 or -0616). Where that merges or splits models
    wrongly, seeds/model_families.csv has the exception. -#}
{% macro model_family_by_rule(model_permaslug) -%}
    regexp_replace(
        {{ model_permaslug }},
        '(-(20\d{2}-?)?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01]))?(:.*)?$',
        ''
    )
{%- endmacro %}
