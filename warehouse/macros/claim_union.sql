{#- The names of the files in warehouse/claims/, as whoever runs dbt has listed them; pipelines/transform/dbt.py does. dbt must know at parsing time
    which tables a table reads, and cannot list a folder by itself. A changed list makes dbt read marts/claims.sql again, nothing else. -#}
{% macro claim_names() -%}
    {{ return(env_var('DBT_CLAIMS', '').split()) }}
{%- endmacro %}

{#- A list that has fewer claims than the folder would lose some without a word, so it stops the build. -#}
{% macro claims_must_be_listed() -%}
    {%- if execute %}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.original_file_path.startswith('claims/') %}
            {%- if node.name not in claim_names() %}
                {{ exceptions.raise_compiler_error(
                    "The claim " ~ node.name ~ " is not listed in DBT_CLAIMS. `tokentide build` lists them all; with dbt alone, in warehouse/: "
                    ~ "DBT_CLAIMS=\"$(basename -s .sql claims/*.sql | xargs)\" dbt build"
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
