{#- A claim that is not listed would be missing from marts.claims in silence, so it stops the build. -#}
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

{#- One thing that a claim's file says of its statement, as a text in SQL. -#}
{% macro claim_fact(name, key) -%}
    {{ text_of(claim_meta(name).get(key)) }}
{%- endmacro %}

{#- The block of config in a claim's file; what it must have stops the build where it lacks. -#}
{% macro claim_meta(name) -%}
    {%- set found = namespace(meta={}) %}
    {%- if execute %}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name %}
            {%- set found.meta = node.config.meta %}
        {%- endfor %}
        {%- for key in ('claim_id', 'statement', 'said_by', 'population', 'unit') if not found.meta.get(key) %}
            {{ exceptions.raise_compiler_error("warehouse/claims/" ~ name ~ ".sql has no " ~ key ~ " in its meta; docs/claims.md says what it needs.") }}
        {%- endfor %}
    {%- endif %}
    {{ return(found.meta) }}
{%- endmacro %}
