-- One row per sample that retention dropped, of the targets that late segments concern.
insert into incoming by name
select
    parse_filename(filename) as segment_id,
    * exclude (filename)
from read_parquet(getvariable('paths'), filename = true, union_by_name = true)
where
    scraped_at < getvariable('dropped_before')
    and target in (select late.target from late);
