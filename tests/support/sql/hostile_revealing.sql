from duckdb_databases()
from duckdb_databases
from "duckdb_databases"
from 'duckdb_databases'
from $$duckdb_databases$$
from $a$duckdb_databases$a$
from e'duckdb\x5fdatabases'
from e'duckdb\137databases'
from e'duckdb_\u0064atabases'
from DUCKDB_DATABASES()
from system.main.duckdb_databases()
select path from duckdb_databases() where not internal
with x as (from duckdb_databases()) from x
select (select path from duckdb_databases() limit 1)
explain analyze from duckdb_databases()
describe from duckdb_databases()
summarize from duckdb_databases()
create temp view v as from duckdb_databases(); from v
create temp table t as from duckdb_databases(); from t
create temp macro f() as table from duckdb_databases(); from f()
pragma database_list
from pragma_database_list
from pragma_database_list()
call duckdb_databases()
from duckdb_settings()
select value from duckdb_settings() where name = 'secret_directory'
from pg_catalog.pg_settings
from pg_settings
select current_setting('secret_directory')
select current_setting ('secret_directory')
select current_setting/* x */('secret_directory')
select "current_setting"('secret_directory')
select ('secret_directory').current_setting()
select system.main.current_setting('extension_directory')
from query('from duckdb_' || 'databases()')
from query ('from duckdb_' || 'databases()')
from query/**/('from duckdb_' || 'databases()')
from "query"('from duckdb_' || 'databases()')
from query_table('duckdb_' || 'databases')
from query_table(['duckdb_' || 'databases'])
from json_execute_serialized_sql(json_serialize_sql('from duckdb_' || 'databases()'))
from duckdb_extensions()
from duckdb_secrets()
from which_secret('s3://x', 's3')
from duckdb_temporary_files()
from duckdb_external_file_cache()
from duckdb_logs()
from duckdb_logs
from enable_logging()
from enable_profiling()
select write_log('x')
