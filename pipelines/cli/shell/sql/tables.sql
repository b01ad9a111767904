-- One row per published table: its rows and its comment.
select
    table_name as name,
    estimated_size as rows,
    comment
from duckdb_tables()
where schema_name = 'marts'
order by name
