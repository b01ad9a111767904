{#- A verdict on all of the first places being Chinese. A place of a cloaked model is nobody's, so it can neither support nor contradict. -#}
{% macro places_verdict(tallied, places) -%}
    case
        when missing.missing_days is not null then 'unverifiable'
        when {{ tallied }}.chinese = {{ places }} then 'supported'
        when {{ tallied }}.chinese + {{ tallied }}.unknown >= {{ places }} then 'unverifiable'
        else 'contradicted'
    end
{%- endmacro %}

{#- And why. -#}
{% macro places_reason(tallied, places) -%}
    case
        when missing.missing_days is not null then missing.missing_reason
        else
            format('{} of the first {{ places }} places were Chinese.', {{ tallied }}.chinese)
            || case
                when {{ tallied }}.unknown > 0
                    then format(' Whose {} of them are is not known: a cloaked model, or a lab without a known country.', {{ tallied }}.unknown)
                else ''
            end
    end
{%- endmacro %}
