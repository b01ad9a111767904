-- One row per table of the new file, begun as a copy of an earlier one, that the marts no longer have.
select table_name
from duckdb_tables()
where
    schema_name = 'marts'
    and database_name = 'next'
    and table_name not in (
        select marts.table_name
        from duckdb_tables() as marts
        where marts.schema_name = 'marts' and marts.database_name = current_database()
    )
order by table_name
