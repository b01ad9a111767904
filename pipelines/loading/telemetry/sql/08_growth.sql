-- One row per sample of a counter, or of a part of a histogram, in a touched hour: what it grew by since the sample before it.
create or replace temp table growths as
with in_order as (
    select
        *,
        lag(value) over in_series as value_before,
        lag(started_at) over in_series as started_before
    from at_hand
    where kind in ('counter', 'histogram')
    window in_series as (partition by series_id order by scraped_at)
),

first_good as (
    select
        target,
        min(scraped_at) as scraped_at
    from at_hand
    where metric = 'up' and value = 1
    group by target
),

judged as (
    select
        in_order.*,
        -- Some exporters work the start out anew for each page, from a clock that is set now and then.
        coalesce(
            in_order.value < in_order.value_before or abs(epoch_us(in_order.started_at) - epoch_us(in_order.started_before)) > 2e6, false
        ) as fell,
        coalesce(in_order.scraped_at > first_good.scraped_at, false) as is_known_target
    from in_order
    left join first_good
        on in_order.target = first_good.target
    where in_order.is_touched
),

-- Where one part of a histogram fell all of it began anew, also a part that has overtaken its old value since.
begun_anew as (
    select distinct
        series.target,
        series.metric,
        series.model_name,
        series.labels,
        judged.scraped_at
    from judged
    inner join series
        on judged.series_id = series.series_id
    where judged.fell and judged.kind = 'histogram'
),

restarted as (
    select
        series.series_id,
        begun_anew.scraped_at
    from begun_anew
    inner join series
        on
            begun_anew.target = series.target
            and begun_anew.metric = series.metric
            and begun_anew.labels = series.labels
            and begun_anew.model_name is not distinct from series.model_name
)

select
    judged.series_id,
    judged.kind,
    judged.minute_at,
    judged.hour_at,
    judged.fell or restarted.series_id is not null as is_restart,
    case
        when judged.value_before is not null then case when is_restart then judged.value else judged.value - judged.value_before end
        -- A series that is new to a known target began at 0 meanwhile. What was before our first look at a target is not claimed; and a
        -- device counts from long before we look at it.
        when judged.is_known_target and series.device is null then judged.value
        else 0
    end as growth
from judged
inner join series
    on judged.series_id = series.series_id
left join restarted
    on
        judged.series_id = restarted.series_id
        and judged.scraped_at = restarted.scraped_at;
