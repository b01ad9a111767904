-- One row per week since the launch: the family's share of its best week, and the middle half of all
-- families whose launch is in the data.
with others as (
    select
        weeks_since_launch, quantile_cont(share_of_peak, 0.25) as lower, median(share_of_peak) as middle, quantile_cont(share_of_peak, 0.75) as upper,
        count(*) as families
    from launch_cohorts
    where share_of_peak is not null and not is_left_censored
    group by weeks_since_launch
),

ours as (
    select weeks_since_launch, share_of_peak, share_of_platform, is_peak, is_left_censored, is_right_censored
    from launch_cohorts
    where model_family = $family
)

select ours.*, others.lower, others.middle, others.upper, others.families
from ours
left join others using (weeks_since_launch)
order by weeks_since_launch
