{#- The columns are the key: none is null, and no two rows share them. Returns each wrong key with
    its number of rows. -#}
{% test unique_key(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as times
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        or {{ columns | join(' is null or ') }} is null
{% endtest %}
