-- One row per table of the marts.
select table_name
from duckdb_tables()
where
    schema_name = 'marts'
    and database_name = current_database()
order by table_name
