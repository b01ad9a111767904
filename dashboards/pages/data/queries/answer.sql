-- One row per time that these bytes arrived: the request, the answer, and its file in the archive.
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
