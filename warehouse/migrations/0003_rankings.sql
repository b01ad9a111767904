-- Raw tables of rankings are named as the source names them. Tables and views of former names are
-- dropped, among them those of failed checks; the next build makes the current ones.
alter table raw.board_days rename to ranking_days;
alter table raw.board_rows rename to ranking_rows;
drop schema if exists history cascade;
drop schema if exists audit cascade;
drop view if exists staging.stg_openrouter__board_cells;
drop view if exists staging.stg_openrouter__board_observations;

-- How far each day's log of the archive was loaded, so that loading begins there. One row per log.
create table main.loaded_logs (
    name varchar primary key,
    loaded_bytes bigint not null
);

-- Loading looks up whether bytes came before, once for each new answer.
create index answers_by_sha256 on raw.answers (sha256);
