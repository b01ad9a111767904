-- One row per hour or day and reason: requests that ended. No row where the server gives no reason.
with hours as (
    select
        -- Whole numbers are five times as fast as instants here.
        make_timestamptz(epoch_us(minute_at) // ($step * 3_600_000_000) * ($step * 3_600_000_000)) as instant,
        sum(requests_stop) as stop, sum(requests_length) as length, sum(requests_abort) as abort, sum(requests_error) as error,
        sum(requests_other) as other
    from served_tokens_minutely
    where
        ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
        and ($hours = 0 or minute_at > (select max(minute_at) from served_tokens_minutely) - to_hours($hours))
    group by all
)

select instant, reason, $step as step_hours, requests::bigint as requests
from hours unpivot (requests for reason in (stop, length, abort, error, other))
order by instant, reason
