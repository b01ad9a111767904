-- One row per version of an entry of the tier file: what held when, and who said so.
--
-- Costs, peaks and targets rest on these entries. An hour has the version that held when it began.
select
    section,
    name,
    entry::varchar as entry,
    version,
    origin,
    valid_from,
    valid_to,
    is_correction,
    case when is_correction then read_at end as corrected_at
from {{ ref('stg_telemetry__entries') }}
order by section, name, part, version
