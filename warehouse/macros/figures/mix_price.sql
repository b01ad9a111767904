{#- USD for a million tokens of our mix at the prices of a listing. `cached` is what is taken for the
    number of cached prompt tokens. A listing without a price for these asks the prompt price. -#}
{% macro mix_price(mix, prices, cached) -%}
    (
        ({{ mix }}.prompt_tokens - {{ cached }}) * {{ prices }}.prompt_usd_per_mtok::double
        + {{ cached }}
        * coalesce({{ prices }}.cached_usd_per_mtok, {{ prices }}.prompt_usd_per_mtok)::double
        + {{ mix }}.generation_tokens * {{ prices }}.completion_usd_per_mtok::double
    )
    / nullif({{ mix }}.local_tokens, 0)
{%- endmacro %}

{#- One end of that price, `least` or `greatest`: without a count of cached tokens anything from none to
    all of the prompt may have been cached. Null where the mix is not known. -#}
{% macro mix_price_end(mix, prices, end) -%}
    case
        when {{ mix }}.no_mix_reason is not null then null
        when {{ mix }}.cached_tokens is not null
            then {{ mix_price(mix, prices, mix ~ '.cached_tokens') }}
        else
            {{ end }}(
                {{ mix_price(mix, prices, '0') }},
                {{ mix_price(mix, prices, mix ~ '.prompt_tokens') }}
            )
    end
{%- endmacro %}
