-- One row per slice, grain, date and as_of: the content of a ranking in an answer of that instant.
--
-- content_hash is null where the answer covers the date but has nothing for it.
select
    slice,
    grain,
    date,
    as_of,
    content_hash,
    row_count,
    has_other,
    origin,
    sha256 as answer_sha256
from {{ source('raw', 'ranking_days') }}
where {{ is_known('as_of') }}
-- An export comes as CSV and as JSON of one instant, with the same content.
qualify
    row_number() over (partition by slice, grain, date, as_of order by content_hash is null, sha256)
    = 1
