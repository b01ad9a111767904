-- One row per time that these bytes came: the request, the answer, and where the archive keeps them.
select
    fetched_at,
    source,
    url,
    status,
    bytes,
    rows,
    outcome,
    reason,
    run_id,
    sha256,
    'raw/bodies/' || sha256[:2] || '/' || sha256 || '.zst' as kept_in
from ingest_log
where sha256 = $answer
order by fetched_at desc
