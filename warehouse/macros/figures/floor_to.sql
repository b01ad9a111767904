{#- Start of the UTC minute or hour of an instant. date_trunc consults the time zone's calendar for
    each row: over the 33 million scrapes of 90 days, that took ten seconds of CPU time. -#}
{% macro floor_to_minute(instant) -%}
    make_timestamptz(epoch_us({{ instant }}) // 60000000 * 60000000)
{%- endmacro %}

{% macro floor_to_hour(instant) -%}
    make_timestamptz(epoch_us({{ instant }}) // 3600000000 * 3600000000)
{%- endmacro %}

{#- The UTC day, as a date. A cast asks for the time zone of each value, which takes ten times as
    long. -#}
{% macro utc_date(instant) -%}
    ('1970-01-01'::date + (epoch_us({{ instant }}) // 86400000000)::integer)
{%- endmacro %}
