-- One row per day and reason that was quarantined of the answers of one run.
select distinct quarantine.date, quarantine.reason
from raw.quarantine
inner join raw.answers using (sha256, source)
where answers.run_id = ? and answers.source in ('rankings_daily', 'rankings_export') and quarantine.slice = 'all'
order by all
