-- One row per answer whose bytes were damaged when it was to be loaded, as the archive's log has it.
select
    source,
    url,
    fetched_at,
    status,
    bytes,
    sha256,
    run_id,
    params,
    origin,
    context
from raw.answers
where outcome = 'damaged'
order by answer_id
