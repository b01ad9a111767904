{#- Stop the build on a claim that is not listed, since marts.claims would silently lack it. -#}
{% macro claims_must_be_listed() -%}
    {%- if execute %}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.schema == 'claims' %}
            {%- if node.name not in var('claims') %}
                {{ exceptions.raise_compiler_error(
                    "The claim " ~ node.name ~ " is not listed. Add it to `claims` in warehouse/dbt_project.yml."
                ) }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}

{#- One entry of the config block of a claim's file, as a literal of SQL. -#}
{% macro claim_literal(name, key) -%}
    {{ sql_literal(claim_meta(name).get(key)) }}
{%- endmacro %}

{#- Config block of a claim's file. A missing entry that is required stops the build. -#}
{% macro claim_meta(name) -%}
    {%- set found = namespace(meta={}) %}
    {%- if execute %}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name %}
            {%- set found.meta = node.config.meta %}
        {%- endfor %}
        {%- for key in ('claim_id', 'statement', 'said_by', 'population', 'unit') if not found.meta.get(key) %}
            {{ exceptions.raise_compiler_error(
                "warehouse/claims/" ~ name ~ ".sql has no " ~ key ~ " in its meta; see docs/claims.md."
            ) }}
        {%- endfor %}
    {%- endif %}
    {{ return(found.meta) }}
{%- endmacro %}
