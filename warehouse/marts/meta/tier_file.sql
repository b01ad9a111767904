-- One row per entry of the tier file, as of the last load of telemetry.
--
-- Costs, peaks and targets rest on these entries.
select
    section,
    name,
    entry::varchar as entry
from {{ ref('stg_telemetry__entries') }}
order by section, name, entry
