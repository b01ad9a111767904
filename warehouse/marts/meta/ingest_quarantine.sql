-- One row per invalid thing in a source's answer, with the reason; no figure rests on it.
select
    source,
    slice,
    grain,
    date,
    reason,
    -- The terms of Artificial Analysis do not allow others to publish its figures.
    case when not contains(detail, 'artificial-analysis') then detail end as detail,
    sha256 as answer_sha256,
    -- One answer may be wrong in the same way several times, so its faults are numbered.
    row_number()
        over (partition by sha256 order by source, slice, grain, date, reason, detail)
        as number
from {{ source('raw', 'quarantine') }}
where {{ is_known_content('sha256') }}
order by source, slice, date, reason, detail
