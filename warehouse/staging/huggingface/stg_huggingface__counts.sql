-- One row per UTC day and model: its counters as they stood last on that day.
--
-- The list may be had twice a day, and a model may move from one page to the next meanwhile.
select
    captures.date,
    counts.hub_id,
    counts.model_id,
    captures.pipeline_tag,
    counts.downloads_30d,
    counts.downloads_all_time,
    counts.likes,
    captures.fetched_at,
    captures.origin,
    captures.sha256 as answer_sha256
from {{ ref('stg_huggingface__captures') }} as captures
inner join {{ source('raw', 'hub_counts') }} as counts
    using (sha256)
qualify
    row_number() over (
        partition by captures.date, counts.hub_id
        order by captures.fetched_at desc
    ) = 1
