{#- Band of a number of parameters; unknown where it is not known. -#}
{% macro size_band(parameters) -%}
    case
        when {{ parameters }} is null then 'unknown'
        when {{ parameters }} <= 1000000000 then '0-1B'
        when {{ parameters }} <= 4000000000 then '1-4B'
        when {{ parameters }} <= 10000000000 then '4-10B'
        when {{ parameters }} <= 35000000000 then '10-35B'
        when {{ parameters }} <= 100000000000 then '35-100B'
        else '100B+'
    end
{%- endmacro %}
