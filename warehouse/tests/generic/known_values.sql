{#- Each of these columns holds only the values listed for it, or null. Returns the combinations in which one does not. -#}
{% test known_values(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as times
from {{ model }}
where
    {%- for column, values in columns.items() %}
    {{ 'or ' if not loop.first }}{{ column }} not in ('{{ values | join("', '") }}')
    {%- endfor %}
group by {{ columns | join(', ') }}
{% endtest %}
