-- One row per entry of the tier file as it was when telemetry was last loaded: what the figures of cost, peaks and targets rest on.
select
    section,
    name,
    entry::varchar as entry
from {{ ref('stg_telemetry__entries') }}
order by section, name, entry
