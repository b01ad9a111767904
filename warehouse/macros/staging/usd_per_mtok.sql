{#- USD per million tokens from OpenRouter's text in USD per token: what the host asks. -1 means that
    the price varies: it is unknown (null). The source has taken its discount off already. -#}
{% macro usd_per_mtok(price) -%}
    case
        when try_cast({{ price }} as decimal(24, 15)) >= 0
            then (try_cast({{ price }} as decimal(24, 15)) * 1000000)::decimal(18, 9)
    end
{%- endmacro %}

{#- The discount as a share of the undiscounted price; a negative one is a mark-up. Null where none
    is stated, or where the figure is no share. -#}
{% macro discount_share(discount) -%}
    case
        when try_cast({{ discount }} as decimal(12, 6)) <= 1
            then try_cast({{ discount }} as decimal(12, 6))::double
    end
{%- endmacro %}

{#- The price that the discount was taken from. -#}
{% macro undiscounted_usd_per_mtok(price, discount) -%}
    case
        when {{ discount }} is null then {{ usd_per_mtok(price) }}
        when try_cast({{ discount }} as decimal(12, 6)) < 1
            then
                (
                    {{ usd_per_mtok(price) }} / (1 - try_cast({{ discount }} as decimal(12, 6)))
                )::decimal(18, 9)
    end
{%- endmacro %}

{#- The reason why the undiscounted price of an entry is not known; null where it is. -#}
{% macro undiscounted_reason(prompt, completion, discount) -%}
    case
        when ({{ usd_per_mtok(prompt) }}) is null or ({{ usd_per_mtok(completion) }}) is null
            then 'the price varies or is not stated'
        when {{ discount }} is null or try_cast({{ discount }} as decimal(12, 6)) < 1 then null
        when try_cast({{ discount }} as decimal(12, 6)) = 1 then 'the discount is the whole price'
        else 'the stated discount is no share of a price: ' || {{ discount }}
    end
{%- endmacro %}
