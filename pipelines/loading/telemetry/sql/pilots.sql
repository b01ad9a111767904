-- One row per pilot that is not known yet, however often its result file comes.
insert into raw.pilots by name
select
    segment_id,
    pilot_id,
    started_at,
    ended_at,
    result
from segment
anti join raw.pilots using (pilot_id)
