{#- Parameters in billions as a name states them, each number once: [30] of qwen3-30b-a3b, [1000] of
    ling-1t. A product (8x7b) is no total, since experts share layers, and in 17b-16e the number is
    that of active parameters; e4b is an effective number. -#}
{% macro named_billions(name) -%}
    list_distinct(
        list_transform(
            list_filter(
                regexp_split_to_array(
                    regexp_replace(lower({{ name }}), '[0-9.]+b-[0-9]+e(-|$)', ''), '[-_/ :@]'
                ),
                lambda word: regexp_full_match(word, '[0-9]{1,6}([.][0-9]{1,6})?[bt]')
            ),
            lambda word: word[:-2]::double * case when word[-1] = 't' then 1000 else 1 end
        )
    )
{%- endmacro %}

{#- Total parameters as a name states them; null where it states none, or several numbers. -#}
{% macro named_parameters(name) -%}
    case
        when len({{ named_billions(name) }}) = 1
            then round({{ named_billions(name) }}[1] * 1000000000)::bigint
    end
{%- endmacro %}

{#- Active parameters as a name states them: 3 billion of qwen3-30b-a3b, 17 of llama-4-scout-17b-16e;
    null where it states none. That a name is silent does not make a model dense. -#}
{% macro named_active_parameters(name) -%}
    round(
        coalesce(
            try_cast(
                regexp_extract(lower({{ name }}), '[-_]a([0-9]{1,6}(?:[.][0-9]{1,6})?)b(?:[-_:.@]|$)', 1) as double
            ),
            try_cast(regexp_extract(lower({{ name }}), '[-_]([0-9]{1,6})b-[0-9]+e(?:[-_:.@]|$)', 1) as double)
        )
        * 1000000000
    )::bigint
{%- endmacro %}

{#- True where one of a count and a name is more than twice the other. Names round, and leave out
    embeddings and encoders; half-counted files or a wrong repository are further off. -#}
{% macro differ_in_size(counted, named) -%}
    coalesce(abs(ln(nullif({{ counted }}, 0)) - ln(nullif({{ named }}, 0))) > ln(2), false)
{%- endmacro %}
