-- One row per thing that a source said and we did not believe, with the reason; no figure of this product rests on it.
select
    source,
    slice,
    grain,
    date,
    reason,
    detail,
    sha256 as answer_sha256,
    -- One answer may be wrong in the same way more than once, so what is wrong with it is counted.
    row_number() over (partition by sha256 order by source, slice, grain, date, reason, detail) as number
from {{ source('raw', 'quarantine') }}
where {{ is_known_content('sha256') }}
order by source, slice, date, reason, detail
