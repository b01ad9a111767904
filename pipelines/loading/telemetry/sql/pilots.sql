-- One row per pilot that is not known yet, however often its result file comes.
insert into raw.pilots by name
select segment.*
from segment
where segment.pilot_id not in (select pilots.pilot_id from raw.pilots)
