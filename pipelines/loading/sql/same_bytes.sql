-- One row per request whose answer had these bytes and was loaded. An answer that failed, could not be read or was quarantined does not count.
select
    source,
    params,
    context
from raw.answers
where
    sha256 = $digest
    and outcome in ('loaded', 'partial')
