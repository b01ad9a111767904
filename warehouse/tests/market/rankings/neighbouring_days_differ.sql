-- Counts that all repeat to the token mean that one day was served under the date of another. Landing sets such a day aside if it knows
-- the day before, so what is found here came out of order. A handful of rows may repeat by chance.
{{ config(severity='warn') }}
select
    boards.slice,
    boards.grain,
    boards.date,
    boards.as_of,
    before.as_of as as_of_before
from {{ ref('ranking_day_versions') }} as boards
inner join {{ ref('ranking_day_versions') }} as before
    on
        boards.slice = before.slice
        and boards.grain = before.grain
        and boards.content_hash = before.content_hash
        and boards.date = before.date + if(boards.grain = 'week', 7, 1)
where
    boards.is_current
    and before.is_current
    and boards.row_count >= 10
