select * from read_text('{secret}')
from read_csv('{secret}')
from read_csv_auto('{secret}')
from read_csv(['{secret}'])
from read_blob('{secret}')
from read_json('{secret}')
from read_json_auto('{secret}')
from read_ndjson('{secret}')
from read_ndjson_auto('{secret}')
from read_json_objects('{secret}')
from read_ndjson_objects('{secret}')
from read_parquet('{secret}')
from parquet_scan('{secret}')
from parquet_metadata('{secret}')
from parquet_schema('{secret}')
from parquet_file_metadata('{secret}')
from parquet_kv_metadata('{secret}')
from parquet_bloom_probe('{secret}', 'a', 1)
from read_duckdb('{secret}')
from sniff_csv('{secret}')
from glob('{folder}/*')
from glob('/*')
from '{secret}'
from '/etc/passwd'
from '/etc/*'
from "{secret}"
table '{secret}'
describe '{secret}'
summarize '{secret}'
pivot '{secret}' on a
show tables from '{secret}'
select (select content from read_text('{secret}'))
with x as (from read_text('{secret}')) from x
from (values (1)) t(a) where exists (from read_text('{secret}'))
from query('from read_text(''{secret}'')')
from query_table('{secret}')
from json_execute_serialized_sql(json_serialize_sql('from read_text(''{secret}'')'))
create temp view v as from read_text('{secret}'); from v
create temp table t as from read_text('{secret}'); from t
create temp macro f() as table from read_text('{secret}'); from f()
from sqlite_scan('{secret}', 't')
from postgres_scan('host=localhost', 'public', 't')
from st_read('{secret}')
from read_xlsx('{secret}')
from iceberg_scan('{folder}')
from delta_scan('{folder}')
from 'http://127.0.0.1:1/x.csv'
from read_csv('https://127.0.0.1:1/x.csv')
from 's3://bucket/x.parquet'
select getenv('OPENROUTER_API_KEY')
select pg_read_file('{secret}')
select read_file('{secret}')
select system('cat {secret}')
from con
from sql
from settings
