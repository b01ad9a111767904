-- The days on which a request of the segment began or ended; the gateway stands for the target.
select
    gateway as target,
    unnest([started_at, ended_at])::date as day
from raw.spend_events
where segment_id in (select segment.segment_id from segment)
