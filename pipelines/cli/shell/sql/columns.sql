-- One row per column of the published tables, in their order: its type and its comment.
select
    table_name as owner,
    column_name as name,
    data_type as type,
    comment
from duckdb_columns()
where schema_name = 'marts'
order by owner, column_index
