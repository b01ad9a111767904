-- One row per table and view of this file: its quoted name, and which of the two it is.
select
    format('"{:s}"."{:s}"', schema_name, table_name) as relation,
    'table' as kind
from duckdb_tables()
where database_name = current_database()
union all
select
    format('"{:s}"."{:s}"', schema_name, view_name) as relation,
    'view' as kind
from duckdb_views()
where database_name = current_database() and not internal
