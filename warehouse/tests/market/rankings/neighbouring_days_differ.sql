-- Counts that all repeat to the token mean that one day was served under the date of another.
-- Loading quarantines such a day if it knows the day before, so rows found here came out of order.
-- A handful of rows may repeat by chance.
{{ config(severity='warn') }}
select
    rankings.slice,
    rankings.grain,
    rankings.date,
    rankings.as_of,
    previous.as_of as as_of_before
from {{ ref('ranking_day_versions') }} as rankings
inner join {{ ref('ranking_day_versions') }} as previous
    on
        rankings.slice = previous.slice
        and rankings.grain = previous.grain
        and rankings.content_hash = previous.content_hash
        and rankings.date = previous.date + if(rankings.grain = 'week', 7, 1)
where
    rankings.is_current
    and previous.is_current
    and rankings.row_count >= 10
