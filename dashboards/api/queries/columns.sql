-- One row per column of the published tables, in order, with the comment of its table.
select
    tables.table_name, tables.comment as table_comment, columns.column_name, columns.data_type,
    columns.comment
from duckdb_tables() as tables
inner join duckdb_columns() as columns
    on
        tables.database_name = columns.database_name
        and tables.schema_name = columns.schema_name
        and tables.table_name = columns.table_name
where tables.schema_name = 'marts'
order by tables.table_name, columns.column_index
