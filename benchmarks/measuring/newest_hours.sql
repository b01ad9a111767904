-- One row per hourly table of the tier: the changes that make its newest hour another.
select
    table_name,
    string_agg(format('{0} = {0} * 1.001', column_name), ', ') as changes
from duckdb_columns()
where
    schema_name = 'marts'
    and data_type = 'DOUBLE'
    and table_name in (
        select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'hour_at'
    )
group by table_name
