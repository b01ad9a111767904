{#- What was known at the instant `as_of`, a variable of dbt; where it is not set, everything is. These three macros are used by staging
    and by nothing after it, so whatever is built on staging answers from the same knowledge. -#}
{% macro is_known(instant) -%}
    {% if var('as_of') %}{{ instant }} <= '{{ var("as_of") }}'::timestamptz{% else %}true{% endif %}
{%- endmacro %}

{#- What an answer holds is known with the answer. -#}
{% macro is_known_content(sha256) -%}
    {% if var('as_of') -%}
        {{ sha256 }} in (select known.sha256 from {{ ref('stg_openrouter__known_answers') }} as known)
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{#- Facts of the inference tier are by minute and hour, and an hour is whole only when it is over. So they are known up to the last hour
    that had ended, all of them alike: counts by minute and by hour of one instant then agree. -#}
{% macro is_known_hour(instant) -%}
    {% if var('as_of') %}{{ instant }} < date_trunc('hour', '{{ var("as_of") }}'::timestamptz){% else %}true{% endif %}
{%- endmacro %}
