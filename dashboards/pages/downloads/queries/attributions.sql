-- One row per attribution and country in the newest week with five days or more: its share with bounds.
with weeks as (
    select max(week_start) as week_start
    from downloads_weekly
    where dimension = 'country' and attribution = 'base_lab' and days >= 5
),

shares as (
    select attribution, member, downloads, share, share_low, share_high, week_start
    from downloads_weekly
    inner join weeks using (week_start)
    where dimension = 'country'
)

select attribution, member, downloads, share, share_low, share_high, week_start
from shares
where member in (
    select member from shares
    where member <> 'unknown'
    group by member
    order by max(share) desc, member
    limit 6
)
order by member, attribution
