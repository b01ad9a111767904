-- One row per request whose answer had these bytes and was loaded. An answer that failed, or could not be read, does not count.
select
    source,
    params,
    context
from raw.answers
where
    sha256 = $digest
    and outcome in ('loaded', 'partial', 'quarantined')
