-- One row per grain, figure, UTC day and name of the files of past counts; of several the newest.
select
    files.grain,
    files.figure,
    history.date,
    history.name,
    history.downloads,
    files.licence,
    files.citation,
    files.origin,
    files.fetched_at,
    files.sha256 as answer_sha256
from {{ source('raw', 'hub_history_files') }} as files
inner join {{ source('raw', 'hub_history') }} as history
    using (sha256)
where {{ is_known_content('files.sha256') }}
qualify
    row_number() over (
        partition by files.grain, files.figure, history.date, history.name
        order by files.fetched_at desc, history.downloads desc
    ) = 1
