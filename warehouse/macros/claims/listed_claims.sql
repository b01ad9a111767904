{#- Stop the build on a claim that is not listed, since marts.claims would silently lack it. -#}
{% macro claims_must_be_listed() -%}
    {%- if execute %}
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
        {%- for claim in models | selectattr('schema', 'equalto', 'claims') %}
            {%- if claim.name not in var('claims') %}
                {{ exceptions.raise_compiler_error(
                    "The claim " ~ claim.name ~ " is not listed. "
                    ~ "Add it to `claims` in warehouse/dbt_project.yml."
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
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
        {%- for claim in models | selectattr('name', 'equalto', name) %}
            {%- set found.meta = claim.config.meta %}
        {%- endfor %}
        {%- set required = ('claim_id', 'statement', 'said_by', 'population', 'unit') %}
        {%- for key in required if not found.meta.get(key) %}
            {{ exceptions.raise_compiler_error(
                "The claim " ~ name ~ " has no " ~ key ~ " in its meta; "
                ~ "docs/claims.md lists what it needs."
            ) }}
        {%- endfor %}
    {%- endif %}
    {{ return(found.meta) }}
{%- endmacro %}

{#- Layer of a claim whose file does not state one for a basis: document if it reads no table of
    figures, measured otherwise. Notes of what the press and documents say are no figures. -#}
{% macro claim_layer(name) -%}
    {%- set found = namespace(layer='document') %}
    {%- if execute %}
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list %}
        {%- for claim in models | selectattr('name', 'equalto', name) %}
            {%- for table in models if table.unique_id in claim.depends_on.nodes %}
                {%- if table.name not in ('claim_documents', 'reported_weeks') %}
                    {%- set found.layer = 'measured' %}
                {%- endif %}
            {%- endfor %}
        {%- endfor %}
    {%- endif %}
    {{- found.layer }}
{%- endmacro %}

{#- True if a claim's file reads tables of the market, so that its verdicts are about them. A file
    may say otherwise of a basis, such as one that rests on a document: `false as rests_on_market`. -#}
{% macro claim_reads_market(name) -%}
    {%- set found = namespace(is_so=false) %}
    {%- if execute %}
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list %}
        {%- for claim in models | selectattr('name', 'equalto', name) %}
            {%- for table in models if table.unique_id in claim.depends_on.nodes %}
                {%- set folder = table.original_file_path %}
                {%- if '/marts/tier/' not in '/' ~ folder and '/marts/meta/' not in '/' ~ folder %}
                    {%- set found.is_so = true %}
                {%- endif %}
            {%- endfor %}
        {%- endfor %}
    {%- endif %}
    {{- found.is_so }}
{%- endmacro %}
