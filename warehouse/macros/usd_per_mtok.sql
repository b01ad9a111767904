{#- USD per million tokens from OpenRouter's text in USD per token, after the discount. -1 means that the price varies: unknown, not a price. -#}
{% macro usd_per_mtok(price, discount) -%}
    case
        when try_cast({{ price }} as decimal(24, 15)) >= 0
            then (
                try_cast({{ price }} as decimal(24, 15)) * 1000000
                * (1 - coalesce(try_cast({{ discount }} as decimal(4, 3)), 0))
            )::decimal(18, 9)
    end
{%- endmacro %}
