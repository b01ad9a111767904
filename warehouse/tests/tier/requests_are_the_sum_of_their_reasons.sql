-- Every finished request has one reason. Where the server does not state it, the request counts as
-- `other`.
{{ config(meta={'is_local': true}) }}
select
    minute_at,
    target,
    model_name,
    requests_total
from {{ ref('served_tokens_minutely') }}
where
    requests_total
    <> coalesce(requests_stop, 0) + coalesce(requests_length, 0) + coalesce(requests_abort, 0)
    + coalesce(requests_error, 0) + requests_other
