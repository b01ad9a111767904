-- One row per source that was ever asked.
select distinct source
from ingest_log
order by source
