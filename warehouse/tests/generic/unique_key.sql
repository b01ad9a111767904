{#- The columns are the key: none is null but those that may be, and no two rows share them. Returns
    each wrong key with its number of rows. -#}
{% test unique_key(model, columns, nullable=[]) %}
{%- set known = columns | reject('in', nullable) | list %}
    select
        {{ columns | join(', ') }},
        count(*) as times
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        or {{ known | join(' is null or ') }} is null
{% endtest %}
