set variable first_start = (select min(started_at) from segment);

-- Lines of a log that are no request.
insert into raw.spend_rejects by name
select
    segment_id,
    gateway,
    line,
    reason
from segment
where reason is not null;

-- One row per request of a gateway that is not known yet, however many exports have it.
insert into raw.spend_events by name
with known as (
    -- The same request has the same start, so most of what is known is not looked at.
    select
        gateway,
        request_id
    from raw.spend_events
    where started_at >= getvariable('first_start')
),

requests as (
    select * exclude (line, reason)
    from segment
    where reason is null
    qualify
        row_number() over (
            partition by gateway, request_id
            order by started_at, ended_at
        ) = 1
)

select requests.*
from requests
anti join known
    on
        requests.gateway = known.gateway
        and requests.request_id = known.request_id;
