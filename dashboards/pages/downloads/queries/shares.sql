-- One row per week and member: its downloads and share with bounds. The eight largest of the newest week
-- and what is unknown.
with asked as (
    select week_start, member, downloads, share, share_low, share_high, rank, days
    from downloads_weekly
    where attribution = $attribution and dimension = $dimension
),

largest as (
    select member
    from asked
    where week_start = (select max(week_start) from asked) and (rank <= 8 or member = 'unknown')
)

select week_start, member, downloads, share, share_low, share_high, rank, days
from asked
where member in (select largest.member from largest)
order by week_start, member
