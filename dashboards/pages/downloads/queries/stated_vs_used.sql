-- One row per member that was both downloaded and served, in the newest week with downloads of five days.
with weeks as (
    select max(week_start) as week_start
    from stated_vs_used_weekly
    where download_days >= 5 and token_days >= 5 and level = $level
)

select
    member,
    downloads,
    download_rank,
    tokens,
    token_rank,
    likes,
    like_rank,
    rank_difference,
    week_start
from stated_vs_used_weekly
inner join weeks using (week_start)
where level = $level and download_rank is not null
order by download_rank, member
