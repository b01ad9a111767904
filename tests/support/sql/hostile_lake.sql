attach 'ducklake:postgres:{catalog}' as lake (data_path '{data}')
attach 'ducklake:postgres:{catalog}' as lake (data_path '{data}', read_only)
attach '{catalog}' as catalog (type postgres)
attach '{published}generations/00000001-000001.duckdb' as other
detach tokentide
from postgres_scan('{catalog}', 'public', 'ducklake_snapshot')
from postgres_scan_pushdown('{catalog}', 'public', 'tokentide_commits')
from postgres_query('lake', 'select * from tokentide_builders')
call postgres_execute('lake', 'drop table tokentide_commits')
from ducklake_snapshots('lake')
from ducklake_table_info('lake')
from lake.raw.telemetry_samples
from __ducklake_metadata_lake.ducklake_snapshot
call ducklake_expire_snapshots('lake', older_than => now())
from ducklake_merge_adjacent_files('lake')
from ducklake_delete_orphaned_files('lake', cleanup_all => true)
call lake.set_commit_message('x', 'y')
from '{data}raw/telemetry_samples/*.parquet'
from read_parquet('{data}raw/telemetry_samples/*.parquet')
from read_parquet('{endpoint}/tokentide/{name}/lake/raw/telemetry_samples/*.parquet')
from glob('{data}**')
from glob('{published}**')
from read_text('{pointer}')
from read_blob('{pointer}')
from read_json('{endpoint}/tokentide/{name}/published/pointers/00000001-000001.json')
from '{spool}waiting/scrapes/*.parquet'
copy (select 1) to '{data}raw/telemetry_samples/planted.parquet'
copy marts.models to '{published}generations/00000099-000001.duckdb'
copy (select 1) to '{spool}waiting/scrapes/planted.parquet'
export database '{published}planted'
install ducklake
load ducklake
load httpfs
load postgres_scanner
load '{extension}'
create secret (type s3, provider credential_chain)
create secret (type s3, key_id '{key}', secret '{secret_key}', endpoint '127.0.0.1:1')
create secret (type postgres, host '127.0.0.1')
from duckdb_secrets()
from which_secret('{published}', 's3')
select getenv('PGPASSWORD')
select getenv('AWS_SECRET_ACCESS_KEY')
from read_text('/proc/self/environ')
set s3_endpoint = '127.0.0.1:1'
set s3_access_key_id = '{key}'
set extension_directory = '/tmp'
