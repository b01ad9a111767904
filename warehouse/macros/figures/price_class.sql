{#- Class of a listing whose price is known: by the suffix of its name, else by the price itself. A
    price of nothing by the token says nothing of a model that outputs no text. -#}
{% macro price_class(is_free_suffix, prompt, completion, discount, is_text_model) -%}
    case
        when {{ is_free_suffix }} then 'free'
        when {{ prompt }} = 0 and {{ completion }} = 0
            then
                case
                    when {{ discount }} = 1 then 'promotional'
                    when {{ is_text_model }} then 'free'
                end
        when {{ prompt }} is null or {{ completion }} is null then null
        when {{ discount }} > 0 then 'promotional'
        else 'paid'
    end
{%- endmacro %}

{#- The ground of that class, or the reason why there is none. -#}
{% macro price_class_basis(is_free_suffix, prompt, completion, discount, is_text_model) -%}
    case
        when {{ is_free_suffix }} then 'suffix'
        when
            {{ prompt }} = 0
            and {{ completion }} = 0
            and not ({{ is_text_model }} or coalesce({{ discount }} = 1, false))
            then 'not priced by the token'
        when {{ prompt }} is null or {{ completion }} is null then 'no price'
        else 'price'
    end
{%- endmacro %}
