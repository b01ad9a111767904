-- One statement for each comment on a table or column of the marts, to be repeated in the new file.
select format('comment on table next.marts.{:s} is ''{:s}''', '"' || table_name || '"', replace(comment, '''', ''''''))
from duckdb_tables()
where schema_name = 'marts' and database_name = current_database() and comment is not null
union all
select
    format(
        'comment on column next.marts.{:s} is ''{:s}''', '"' || table_name || '"."' || column_name || '"', replace(comment, '''', '''''')
    )
from duckdb_columns()
where schema_name = 'marts' and database_name = current_database() and comment is not null
