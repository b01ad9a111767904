-- One row per segment and line of a gateway's spend log that is no request, with the reason.
select
    segment_id,
    gateway,
    line,
    reason
from {{ source('raw', 'spend_rejects') }}
order by segment_id, line
