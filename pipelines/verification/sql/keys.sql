-- One row per table with a primary key: its schema, name, and the columns of the key.
select
    schema_name,
    table_name,
    constraint_column_names
from duckdb_constraints()
where
    constraint_type = 'PRIMARY KEY'
    and database_name = current_database()
order by all
