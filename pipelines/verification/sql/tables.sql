-- One row per table of the open file.
select
    schema_name,
    table_name
from duckdb_tables()
where
    database_name = current_database()
    and not temporary
order by all
