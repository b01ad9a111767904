-- One row per sample of the segments that are being loaded.
create or replace temp table incoming as
from raw.telemetry_samples where false;

-- One row per segment: the way on which its samples came. Scrapes of ours count before archived
-- pages, and those before the history of a store.
create or replace temp view ways as
select
    segment_id,
    case kind when 'pages' then 1 when 'history' then 2 else 0 end as way
from raw.telemetry_segments;
