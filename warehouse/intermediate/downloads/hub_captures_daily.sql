-- One row per UTC day and kind of model: how much of the list was had, and whether counters stood still.
--
-- A list with less than four fifths of what it had within the week before is half a list. A list that
-- stays short for a week is taken as it is. Counters stand still where most of the models that are
-- downloaded ten times a day and more have the count of the day before: the Hub then books two days
-- at once.
with counters as (
    select
        date,
        hub_id,
        pipeline_tag,
        downloads_30d,
        downloads_all_time,
        lag(downloads_all_time) over by_model as previous_count,
        lag(downloads_30d) over by_model as previous_30d,
        -- Of a file of past counts, which has no rolling sum: the mean of the whole span.
        30 * (max(downloads_all_time) over of_model - min(downloads_all_time) over of_model)
        / nullif(max(date) over of_model - min(date) over of_model, 0) as usual_30d
    from {{ ref('hub_counters_daily') }}
    where downloads_all_time > 0
    window
        by_model as (partition by hub_id order by date),
        of_model as (partition by hub_id)
),

listed as (
    select
        date,
        pipeline_tag,
        count(*)::integer as models
    from {{ ref('hub_counters_daily') }}
    group by date, pipeline_tag
),

usual as (
    select
        *,
        max(models) over (
            partition by pipeline_tag
            order by date
            range between interval 7 days preceding and interval 1 day preceding
        ) as models_before
    from listed
),

moved as (
    select
        date,
        count(*)::integer as active_models,
        (count(*) filter (where downloads_all_time = previous_count) / count(*))::double as still_share
    from counters
    where
        previous_count is not null
        and coalesce(previous_30d, usual_30d) >= {{ var('hub_active_30d') }}
    group by date
)

select
    usual.date,
    usual.pipeline_tag,
    usual.models,
    usual.models_before,
    coalesce(usual.models < {{ var('hub_min_list_share') }} * usual.models_before, false) as is_half,
    coalesce(moved.active_models, 0) as active_models,
    moved.still_share,
    coalesce(
        moved.active_models >= 20 and moved.still_share >= {{ var('hub_stall_share') }}, false
    ) as is_stall
from usual
left join moved using (date)
