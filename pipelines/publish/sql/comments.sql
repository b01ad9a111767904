-- One row per comment on a table or column of the marts: its table, and a statement that repeats it in the new file.
select
    table_name,
    format('comment on table next.marts.{:s} is ''{:s}''', '"' || table_name || '"', replace(comment, '''', '''''')) as statement
from duckdb_tables()
where schema_name = 'marts' and database_name = current_database() and comment is not null
union all
select
    table_name,
    format(
        'comment on column next.marts.{:s} is ''{:s}''', '"' || table_name || '"."' || column_name || '"', replace(comment, '''', '''''')
    ) as statement
from duckdb_columns()
where schema_name = 'marts' and database_name = current_database() and comment is not null
