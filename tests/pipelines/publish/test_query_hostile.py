"""Hostile SQL: it reads no file, writes none, changes no setting, and fails as a query does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.published import published

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.settings import Settings
from warehouse.connection import open_published

SECRET = "a-line-that-nobody-may-read"

READING = """
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
"""

WRITING = """
    copy (select 1) to '{folder}/x.csv'
    copy (select 1) to '{folder}/x.parquet' (format parquet)
    copy (select 1) to '{folder}/x.json'
    copy (select 1 as a) to '{folder}/parts' (format csv, partition_by (a))
    copy (select 1) to '/dev/stdout'
    copy marts.models to '{folder}/x.csv'
    copy marts.models from '{secret}'
    copy from database current to memory
    explain copy (select 1) to '{folder}/x.csv'
    explain analyze copy (select 1) to '{folder}/x.csv'
    export database '{folder}/all'
    export database '{folder}/all' (format parquet)
    import database '{folder}'
    pragma import_database('{folder}')
    attach '{folder}/new.duckdb'
    attach '{folder}/new.duckdb' as n (read_only)
    attach '{path}' as n
    attach ':memory:' as n
    attach 'sqlite:{secret}'
    attach 'http://127.0.0.1:1/x.duckdb'
    detach marts
    install json
    install httpfs
    force install httpfs
    install spatial from community
    install '{secret}'
    load json
    load httpfs
    load '{secret}'
    update extensions
    create table n (a int)
    create table marts.n as select 1
    create or replace table marts.models as select 2
    create view marts.v as select 1
    create schema s
    create macro f() as 1
    create sequence marts.s
    create type marts.t as int
    create index i on marts.models (model)
    create table marts.n as select 1; select 1
    insert into marts.models values ('x', 1, null, null)
    insert into marts.models values ('x', 1, null, null) returning *
    update marts.models set price_usd = 0
    delete from marts.models
    truncate marts.models
    merge into marts.models using (select 1) on true when matched then delete
    drop table marts.models
    drop schema marts cascade
    drop view meta
    alter table marts.models add column c int
    comment on table marts.models is 'x'
    checkpoint
    force checkpoint
    vacuum
    analyze
    begin
    begin; delete from marts.models; commit
    commit
    prepare q as from read_text('{secret}')
    execute q
    call pragma_version()
    call enable_logging(storage='file', storage_path='{folder}/log')
    call enable_logging('QueryLog', storage='file', storage_config={{'path': '{folder}/log'}})
    call enable_profiling(save_location='{folder}/profile.json')
    call start_ui()
    call dbgen(sf=0.001)
"""

SETTING = """
    set memory_limit = '100GB'
    set global memory_limit = '100GB'
    set session memory_limit = '100GB'
    set threads = 64
    set enable_external_access = true
    set lock_configuration = false
    set temp_directory = '{folder}'
    set home_directory = '{folder}'
    set secret_directory = '{folder}'
    set extension_directory = '{folder}'
    set allowed_directories = ['/']
    set allowed_paths = ['/etc/passwd']
    set autoinstall_known_extensions = true
    set allow_community_extensions = true
    set allow_unsigned_extensions = true
    set access_mode = 'read_write'
    set search_path = 'main'
    set schema = 'main'
    set TimeZone = 'Asia/Tokyo'
    set variable x = 1
    set enable_profiling = 'json'
    set profiling_output = '{folder}/profile.json'
    set log_query_path = '{folder}/queries.log'
    set enable_logging = true
    set logging_storage = 'file'
    set python_enable_replacements = true
    use main
    use memory
    reset memory_limit
    reset lock_configuration
    reset enable_external_access
    reset TimeZone
    pragma memory_limit = '100GB'
    pragma threads = 64
    pragma temp_directory = '{folder}'
    pragma enable_profiling
    pragma enable_profiling = 'json'
    pragma profiling_output = '{folder}/profile.json'
    pragma profile_output = '{folder}/profile.json'
    pragma log_query_path = '{folder}/queries.log'
    pragma enable_progress_bar
    pragma enable_verification
    pragma disable_checkpoint_on_shutdown
    pragma lock_configuration = false
    create secret s (type s3, key_id 'x', secret 'y')
    create secret s (type http, bearer_token 'x')
    create persistent secret s (type s3, key_id 'x', secret 'y')
    create persistent secret s in local_file (type http, bearer_token 'x')
    create secret s (type s3, key_id 'x', secret 'y'); select 1
    drop secret s
    drop persistent secret s
    from which_secret('s3://x', 's3')
"""

HOSTILE = [
    line.strip() for block in (READING, WRITING, SETTING) for line in block.strip().splitlines()
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(Settings(tmp_path_factory.mktemp("home"))).path


@pytest.fixture(scope="module")
def settings_before(path: Path) -> Iterator[list[tuple[object, ...]]]:
    """Read the settings through a connection that stays open: a process shares them."""
    con = open_published(path)
    yield con.sql("select name, value from duckdb_settings() order by all").fetchall()
    assert con.sql("from models").fetchall()[0][0] == "lab/größer"
    con.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.csv").write_text(f"a,b\n{SECRET},2\n")
    return tmp_path


def files(*folders: Path) -> list[tuple[str, int]]:
    return sorted(
        (str(file), file.stat().st_size) for folder in folders for file in folder.rglob("*")
    )


def must_fail(path: Path, sql: str) -> None:
    """As a stream and as a frame, with a message that holds nothing of the file."""
    with pytest.raises(QueryFailed) as caught, query.run(path, sql, 10) as result:
        pytest.fail(f"it answered {list(result.rows)[:3]}")
    assert SECRET not in str(caught.value)
    with pytest.raises(QueryFailed) as caught:
        query.frame(path, sql, 10)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("sql", HOSTILE)
def test_it_fails_and_leaves_nothing(
    path: Path, folder: Path, settings_before: list[tuple[object, ...]], sql: str
) -> None:
    """Alone, and hidden before or behind a harmless query."""
    statement = sql.format(secret=folder / "secret.csv", folder=folder, path=path)
    before = files(folder, path.parent)
    for text in (
        statement,
        f"{statement}; select 1",
        f"select 1; {statement}",
        f"select 1; {statement}; select 2",
    ):
        must_fail(path, text)
    assert files(folder, path.parent) == before
    con = open_published(path)
    assert (
        con.sql("select name, value from duckdb_settings() order by all").fetchall()
        == settings_before
    )
    con.close()


LOGGER = """
import sys
from pathlib import Path
from pipelines import query
for _ in range(2):
    with query.run(Path(sys.argv[1]), sys.argv[2]) as result:
        list(result.rows)
"""


@pytest.mark.parametrize(
    "log", ["storage = 'file', storage_path = '{folder}/log'", "level = 'trace'"]
)
def test_a_log_cannot_be_turned_into_a_file(path: Path, folder: Path, log: str) -> None:
    """DuckDB lets a query turn its log on in spite of locked settings.

    That brings nothing to disk, and nobody down.
    """
    sql = f"from enable_logging({log.format(folder=folder)})"
    reported = subprocess.run(
        [sys.executable, "-c", LOGGER, str(path), sql],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert reported.returncode == 0, reported.stderr
    assert [file.name for file in folder.rglob("*")] == ["secret.csv"]


def test_python_is_out_of_reach(path: Path) -> None:
    """A frame that happens to be in a variable is no table."""
    import polars as pl

    loose_frame = pl.DataFrame({"a": [1]})
    assert loose_frame.height == 1
    must_fail(path, "from loose_frame")


def test_the_file_is_as_it_was(path: Path) -> None:
    """After all of that, byte for byte, since it is open for reading only."""
    before = path.read_bytes()
    must_fail(path, "drop table marts.models")
    with query.run(path, "select count(*) from models") as result:
        assert list(result.rows) == [(2,)]
    assert path.read_bytes() == before
