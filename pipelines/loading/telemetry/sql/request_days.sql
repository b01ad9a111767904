-- The days on which a request of the segment arrived, got its first token, or ended.
select
    target,
    day
from (
    select
        target,
        unnest([arrival_at, first_token_at, last_token_at])::date as day
    from raw.request_events
    where segment_id in (select segment.segment_id from segment)
) as days
where day is not null
