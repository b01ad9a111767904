{#- Outcome of the last build, the one row of main.last_build. Publishing reads it, so that nothing
    is published that was not built and audited to the end, whoever called dbt. `dbt source
    freshness` builds nothing, so it leaves the row alone. -#}
{% macro record_build_start() -%}
    {%- if flags.WHICH != 'freshness' -%}
        {#- What dbt makes by hand, our next build makes again. -#}
        delete from main.made;
        create or replace table main.last_build as
        select
            now() as ended_at,
            'did not end' as outcome,
            0 as wrong_nodes
    {%- endif -%}
{%- endmacro %}

{% macro record_build_end(results) -%}
    {%- if flags.WHICH != 'freshness' -%}
        {#- An exposure builds nothing, which dbt calls no-op. -#}
        {%- set passed = ['success', 'pass', 'warn', 'no-op'] -%}
        {%- set wrong = results | rejectattr('status', 'in', passed) | list | length -%}
        create or replace table main.last_build as
        select
            now() as ended_at,
            '{{ "failed" if wrong else "passed" }}' as outcome,
            {{ wrong }} as wrong_nodes
    {%- endif -%}
{%- endmacro %}
