-- What the archive has lost, one row per answer or line of its log, with the reason.
select
    'answer ' || answer_id || ' of ' || source as what,
    reason
from ingest_log
where outcome = 'damaged'
union all
select
    'log' as what,
    reason
from ingest_quarantine
where source = 'archive_log'
order by all
