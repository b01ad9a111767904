{#- USD per million tokens from an archive's text in that unit. -1 means that the price varies: it
    is unknown (null). -#}
{% macro archived_usd_per_mtok(price) -%}
    case
        when try_cast({{ price }} as decimal(24, 15)) >= 0
            then try_cast({{ price }} as decimal(24, 15))::decimal(18, 9)
    end
{%- endmacro %}
