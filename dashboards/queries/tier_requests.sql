-- Requests that ended in each hour, by reason; null, and so not drawn, where the server does not say.
with hours as (
    select
        date_trunc('hour', minute_at) as instant,
        sum(requests_stop) as stop, sum(requests_length) as length, sum(requests_abort) as abort, sum(requests_error) as error,
        sum(requests_other) as other
    from served_tokens_minutely
    where
        ($target = '' or target = $target) and ($model = '' or model_name = $model)
        and ($hours = 0 or minute_at > (select max(minute_at) from served_tokens_minutely) - to_hours($hours))
    group by all
)

select instant, reason, requests::bigint as requests
from hours unpivot (requests for reason in (stop, length, abort, error, other))
order by instant, reason
