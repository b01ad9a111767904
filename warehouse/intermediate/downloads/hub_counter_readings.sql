-- One row per UTC day and model with a counter: whether it is used, and if not, why.
--
-- A count above which the counter soon stands lower for good was never one; one below the day before
-- and above it again the day after is a slip. Where it goes back for good, counting begins again.
with judged as (
    select
        counters.date,
        counters.hub_id,
        counters.model_id,
        counters.downloads_all_time,
        counters.downloads_30d,
        counters.source,
        counters.origin,
        counters.answer_sha256,
        captures.is_stall,
        case
            when counters.downloads_all_time is null then 'no all-time count'
            when counters.downloads_all_time = 0 then 'not counted'
            when captures.is_half then 'half a list'
        end as reason
    from {{ ref('hub_counters_daily') }} as counters
    inner join {{ ref('hub_captures_daily') }} as captures
        using (date, pipeline_tag)
),

neighbours as (
    select
        date,
        hub_id,
        downloads_all_time as count_now,
        lag(downloads_all_time) over by_model as count_before,
        lead(downloads_all_time) over by_model as count_after,
        lead(downloads_all_time, 2) over by_model as count_later
    from judged
    where reason is null
    window by_model as (partition by hub_id order by date)
),

backward as (
    select
        date,
        hub_id,
        count_before,
        case
            when count_now < count_before and count_after >= count_before then 'counter went back for a day'
            when
                count_after < count_now
                and count_after >= count_before
                and coalesce(count_later < count_now, true)
                then 'counter above what follows'
            when count_now = count_before then 'stood still'
        end as reason
    from neighbours
)

select
    judged.date,
    judged.hub_id,
    judged.model_id,
    judged.downloads_all_time,
    judged.downloads_30d,
    judged.source,
    judged.origin,
    judged.answer_sha256,
    coalesce(
        judged.reason,
        -- On other days a counter that stands still is a day without downloads.
        case when backward.reason <> 'stood still' or judged.is_stall then backward.reason end
    ) as reason
from judged
left join backward using (date, hub_id)
