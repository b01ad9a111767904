-- What was counted over several days is spread in whole numbers: its parts sum to the growth of the count.
with booked as (
    select
        hub_id,
        booked_on,
        sum(downloads) as downloads,
        min(date) as first_date,
        count(*) as days
    from {{ ref('model_downloads_daily') }}
    where booked_on is not null
    group by hub_id, booked_on
),

used as (
    select
        hub_id,
        date,
        downloads_all_time,
        lag(downloads_all_time) over (partition by hub_id order by date) as previous_count,
        lag(date) over (partition by hub_id order by date) as previous_date
    from {{ ref('hub_counter_readings') }}
    where reason is null
)

select
    booked.*,
    used.downloads_all_time - coalesce(used.previous_count, 0) as growth
from booked
inner join used
    on
        booked.hub_id = used.hub_id
        and booked.booked_on = used.date
where
    -- Of a new model all that it ever had was counted.
    booked.downloads <> used.downloads_all_time - coalesce(used.previous_count, 0)
    or booked.first_date <> used.previous_date + 1
