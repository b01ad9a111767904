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
