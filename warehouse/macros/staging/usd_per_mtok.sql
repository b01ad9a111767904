{#- USD per million tokens from OpenRouter's text in USD per token, after the discount. -1 means
    that the price varies: it is unknown (null). A discount that is not a share of the price makes it
    unknown too. -#}
{% macro usd_per_mtok(price, discount) -%}
    case
        when
            try_cast({{ price }} as decimal(24, 15)) >= 0
            and try_cast(coalesce({{ discount }}, '0') as decimal(4, 3)) between 0 and 1
            then (
                try_cast({{ price }} as decimal(24, 15)) * 1000000
                * (1 - try_cast(coalesce({{ discount }}, '0') as decimal(4, 3)))
            )::decimal(18, 9)
    end
{%- endmacro %}
