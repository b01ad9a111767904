-- One row per answer of a source, the newest first: the request, the response and its outcome.
select fetched_at, source, outcome, rows, status, bytes, reason, url, sha256, run_id, origin
from ingest_log
where $source = 'all' or source = $source
order by fetched_at desc, answer_id desc
limit 2000
