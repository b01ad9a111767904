-- One row per thing that a source said and we did not believe, with the reason; no figure of this product rests on it.
select
    source,
    slice,
    grain,
    date,
    reason,
    detail,
    sha256 as answer_sha256
from {{ source('raw', 'quarantine') }}
order by source, slice, date, reason, detail
