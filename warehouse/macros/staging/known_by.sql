{#- The instant `as_of`, or the connection's variable of that name where dbt's is `variable`: the SQL
    is then compiled once for every instant. -#}
{% macro as_of() -%}
    {% if var('as_of') == 'variable' %}getvariable('as_of'){% else %}'{{ var("as_of") }}'{% endif %}::timestamptz
{%- endmacro %}

{#- Conditions for what was known at the instant `as_of`, a variable of dbt; all is known where it
    is not set. Only staging uses these three macros, so all tables built on staging share one state
    of knowledge. -#}
{% macro is_known(instant) -%}
    {% if var('as_of') %}{{ instant }} <= {{ as_of() }}{% else %}true{% endif %}
{%- endmacro %}

{#- The content of an answer is known with the answer. -#}
{% macro is_known_content(sha256) -%}
    {% if var('as_of') -%}
        {{ sha256 }} in (
            select known.sha256 from {{ ref('stg_openrouter__known_answers') }} as known
        )
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{#- Facts of the inference tier are kept by minute and hour, and an hour is complete only when it is
    over. So all facts are known up to the last hour that had ended: counts by minute and by hour of
    one instant then agree. -#}
{% macro is_known_hour(instant) -%}
    {% if var('as_of') -%}
        {{ instant }} < date_trunc('hour', {{ as_of() }})
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}
