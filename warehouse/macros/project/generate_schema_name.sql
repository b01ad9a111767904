{#- Schema of a model: the top folder that it lies in, so marts/market/rankings/market_days.sql is
    marts.market_days. Only rows of failed tests are stored elsewhere. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or node.original_file_path.split('/')[0] }}
{%- endmacro %}
