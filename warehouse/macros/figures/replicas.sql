{#- Reason of a service, of its replicas' rows: how many of them lack a figure, and why the first
    does. A service of one replica has the reason itself. -#}
{% macro reason_of_replicas(condition, reason) -%}
    case
        when count(*) filter (where {{ condition }}) = 0 then null
        when count(*) = 1 then min({{ reason }}) filter (where {{ condition }})
        else
            format(
                '{:d} of {:d} replicas: {}',
                count(*) filter (where {{ condition }}),
                count(*),
                min({{ reason }}) filter (where {{ condition }})
            )
    end
{%- endmacro %}

{#- Reason of a cluster, of its targets' rows: the same, in the words of a cluster. -#}
{% macro reason_of_members(reason) -%}
    case
        when count({{ reason }}) = 0 then null
        else format('{:d} of {:d} targets: {}', count({{ reason }}), count(*), min({{ reason }}))
    end
{%- endmacro %}
