{#- Each column holds only the values listed for it, or null. Returns all other combinations. -#}
{% test known_values(model, columns) %}
    {% set wrong = [] %}
    {% for column, values in columns.items() %}
        {% do wrong.append(column ~ " not in ('" ~ values | join("', '") ~ "')") %}
    {% endfor %}
    select
        {{ columns | join(', ') }},
        count(*) as times
    from {{ model }}
    where {{ wrong | join(' or ') }}
    group by {{ columns | join(', ') }}
{% endtest %}
