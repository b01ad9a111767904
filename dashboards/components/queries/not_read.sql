-- One row: the newest segment of telemetry and its reason, if it could not be read.
select
    format(
        'The newest segment of telemetry was {} on {} UTC: {}', outcome, strftime(loaded_at at time zone 'UTC', '%Y-%m-%d %H:%M'), reason
    ) as reason
from telemetry_log
qualify row_number() over (order by loaded_at desc, segment_id desc) = 1 and outcome = 'unreadable'
