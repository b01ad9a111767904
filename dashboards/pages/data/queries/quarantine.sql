-- One row per quarantined value, with the reason.
select log.fetched_at, quarantined.source, quarantined.slice, quarantined.grain, quarantined.date, quarantined.reason, quarantined.detail, quarantined.answer_sha256
from ingest_quarantine as quarantined
left join (select sha256, max(fetched_at) as fetched_at from ingest_log group by sha256) as log on quarantined.answer_sha256 = log.sha256
order by log.fetched_at desc nulls last, quarantined.number
limit 2000
