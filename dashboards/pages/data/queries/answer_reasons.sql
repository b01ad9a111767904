-- One row: what the log says became of an answer from which no published row is derived.
select format('The log has it as {}', outcome) || coalesce(': ' || reason, '') as reason
from ingest_log
where sha256 = $answer
order by fetched_at desc, answer_id desc
limit 1
