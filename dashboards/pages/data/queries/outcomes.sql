-- One row per UTC day of requests, source and outcome: how many answers arrived.
select fetched_at::date as date, source, outcome, count(*) as answers, sum(rows)::bigint as rows
from ingest_log
where $source = 'all' or source = $source
group by all
order by date, source, outcome
