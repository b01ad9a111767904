-- One row: the time that loaded telemetry covers, so that an empty choice is not taken for an idle
-- tier. None if there is no telemetry.
select
    format(
        'Telemetry is loaded from {} to {} UTC, and nothing in it is of this choice',
        strftime(min(first_at) at time zone 'UTC', '%Y-%m-%d %H:%M'),
        strftime(max(last_at) at time zone 'UTC', '%Y-%m-%d %H:%M')
    ) as reason
from telemetry_log
where outcome = 'loaded'
having count(first_at) > 0
