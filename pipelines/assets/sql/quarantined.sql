-- One row per day and reason that was quarantined of the answers of one run.
select distinct
    quarantine.date,
    quarantine.reason
from raw.quarantine as quarantine
inner join raw.answers as answers using (sha256, source)
where
    answers.run_id = $run_id -- noqa: RF02
    and answers.source in ('rankings_daily', 'rankings_export')
    and quarantine.slice = 'all'
order by quarantine.date, quarantine.reason
