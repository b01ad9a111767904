{#- Endings in the names of weights on Hugging Face. A republisher states at the end of a name how
    the weights are quantised: `-AWQ`, `-GPTQ-Int4`, `-w8a8`, `-bnb-4bit`, and for llama.cpp after
    a colon: `-GGUF:Q4_K_M`. This is the only list of such words; any other ending stays part of the
    name, so nothing is cut off by guess. -#}
{% macro quantization_endings() -%}
    {{ [
        'awq', 'gptq', 'gguf', 'mlx', 'bnb', 'bf16', 'fp16', 'fp8', 'fp4', 'nvfp4(a16)?', 'mxfp4',
        'int8', 'int4', 'w8a8', 'w8a16', 'w4a16', 'w4a8', 'w4a4', '[234568]-?bits?',
        'i?q[2-8](_[0-9k]{1,2}(_(xxs|xs|s|m|l|xl))?)?',
    ] | join('|') }}
{%- endmacro %}
{#- Words that are endings only beside one of those. -#}
{% macro quantization_companions() -%}
    {{ [
        'unsloth', 'ud', 'kv', 'dynamic', 'block', 'channel', 'per-channel', 'quantized', 'autoround',
        'auto-round', 'quarot', 'mtp', 'dwq', 'g32', 'g64', 'g128',
    ] | join('|') }}
{%- endmacro %}

{#- Name without such endings, in lower case. -#}
{% macro weights_base_name(name) -%}
    {%- set ending = '[-_.:](' ~ quantization_endings() ~ ')' -%}
    {%- set companion = '[-_.:](' ~ quantization_companions() ~ ')' -%}
    regexp_replace(
        lower({{ name }}), '({{ companion }})*{{ ending }}({{ ending }}|{{ companion }})*$', ''
    )
{%- endmacro %}

{#- Number format of the weights, in the words that hosts use, from the endings of the name; null
    where they do not state it. `w4a8` means weights of 4 bits; AWQ and GPTQ mean 4 bits where no
    other number is given; GGUF alone says nothing. -#}
{% macro weights_quantization(name) -%}
    case
        when {{ weights_base_name(name) }} = lower({{ name }}) then null
        when regexp_matches(lower({{ name }}), '[-_.:](nvfp4|mxfp4|fp4)') then 'fp4'
        when regexp_matches(lower({{ name }}), '[-_.:](int8|w8a8|w8a16|8-?bits?|q8)') then 'int8'
        when regexp_matches(lower({{ name }}), '[-_.:](int4|w4a16|w4a8|w4a4|4-?bits?|i?q4)')
            then 'int4'
        when regexp_matches(lower({{ name }}), '[-_.:]fp8') then 'fp8'
        when regexp_matches(lower({{ name }}), '[-_.:]([23456]-?bits?|i?q[23456])') then null
        when regexp_matches(lower({{ name }}), '[-_.:](awq|gptq)') then 'int4'
        when regexp_matches(lower({{ name }}), '[-_.:]bf16') then 'bf16'
        when regexp_matches(lower({{ name }}), '[-_.:]fp16') then 'fp16'
    end
{%- endmacro %}

{#- Bits of a weight in that format, to find the nearest one: the number at the end of its name
    (bf16, nvfp4); null where there is none. -#}
{% macro quantization_bits(quantization) -%}
    try_cast(regexp_extract({{ quantization }}, '[0-9]+$') as integer)
{%- endmacro %}

{#- The format of weights, in the words that hosts use, from a server's or a person's words for it:
    w8a16 is int8, bfloat16 is bf16. What is not known is kept as it is. -#}
{% macro stated_quantization(words) -%}
    case
        when {{ words }} is null or lower({{ words }}) in ('', 'none', 'auto', 'unknown') then null
        when regexp_matches(lower({{ words }}), 'nvfp4|mxfp4|fp4|f4') then 'fp4'
        when regexp_matches(lower({{ words }}), 'fp8|float8|f8|e4m3|e5m2') then 'fp8'
        when regexp_matches(lower({{ words }}), 'int8|w8a|8-?bit|^i?q8|bitsandbytes-8') then 'int8'
        when regexp_matches(lower({{ words }}), 'int4|w4a|4-?bit|^i?q4|awq|gptq|marlin|nf4')
            then 'int4'
        when regexp_matches(lower({{ words }}), 'bfloat16|bf16') then 'bf16'
        when regexp_matches(lower({{ words }}), 'float16|fp16|^half$|^f16$') then 'fp16'
        when regexp_matches(lower({{ words }}), 'float32|fp32|^float$|^f32$') then 'fp32'
        else lower({{ words }})
    end
{%- endmacro %}

{#- Parameters that a name states, in billions: 30 of qwen3-30b-a3b; null where it states none. -#}
{% macro stated_billions(name) -%}
    try_cast(
        regexp_extract(
            lower({{ name }}), '(?:^|[-_/ :.])([0-9]+(?:[.][0-9]+)?)b(?:[-_:.@]|$)', 1
        ) as double
    )
{%- endmacro %}

{#- Makers' name for a line of models with one vocabulary, as a name states it; null where none is
    known. -#}
{% macro vocabulary_family(name) -%}
    nullif(
        regexp_extract(
            lower({{ name }}),
            '(qwen|llama|deepseek|mixtral|mistral|gemma|glm|kimi|minimax|gpt-oss|phi|granite|'
            || 'nemotron|command|hunyuan|ernie|internlm|falcon|olmo|step|mimo|seed)',
            1
        ),
        ''
    )
{%- endmacro %}
