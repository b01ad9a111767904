{#- Size of a model as its name says it: by its parameters (235b, 1t), else by the word that labs use
    for the small and the large of a series. Most names say nothing: unmarked. -#}
{% macro model_size(slug) -%}
    case
        when {{ parameters_of(slug) }} <= 15 then 'small'
        when {{ parameters_of(slug) }} <= 80 then 'medium'
        when {{ parameters_of(slug) }} > 80 then 'large'
        when
            regexp_matches(
                split_part({{ slug }}, ':', 1),
                '[-/](nano|micro|tiny|mini|lite|small|flash|fast|air|haiku)(-|$)'
            )
            then 'small'
        when
            regexp_matches(
                split_part({{ slug }}, ':', 1), '[-/](pro|max|opus|large|ultra)(-|$)'
            )
            then 'large'
        else 'unmarked'
    end
{%- endmacro %}

{#- Billions of parameters in a name; null where it has none. -#}
{% macro parameters_of(slug) -%}
    coalesce(
        try_cast(
            regexp_extract(split_part({{ slug }}, ':', 1), '[-/](\d+(\.\d+)?)t(-|$)', 1) as double
        )
        * 1000,
        try_cast(
            regexp_extract(split_part({{ slug }}, ':', 1), '[-/](\d+(\.\d+)?)b(-|$)', 1) as double
        )
    )
{%- endmacro %}

{#- True for an author under which models are listed without their makers' names. -#}
{% macro is_cloaked_author(author) -%}
    {{ author }} in ('openrouter', 'stealth')
{%- endmacro %}
