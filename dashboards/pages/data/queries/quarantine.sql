-- One row per thing that a source said and that is not believed, with the reason.
select log.fetched_at, aside.source, aside.slice, aside.grain, aside.date, aside.reason, aside.detail, aside.answer_sha256
from ingest_quarantine as aside
left join (select sha256, max(fetched_at) as fetched_at from ingest_log group by sha256) as log on aside.answer_sha256 = log.sha256
order by log.fetched_at desc nulls last, aside.number
limit 2000
