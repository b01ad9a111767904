-- One row per sample of a counter, or of a part of a histogram, in a changed hour: its growth since
-- the sample before it.
create or replace temp table growths as
with in_order as (
    select
        *,
        lag(value) over in_series as value_before,
        lag(started_at) over in_series as started_before
    from needed_samples
    where kind in ('counter', 'histogram')
    window in_series as (partition by series_id order by scraped_at)
),

first_good as (
    select
        target,
        min(scraped_at) as scraped_at
    from needed_samples
    where metric = 'up' and value = 1
    group by target
),

marked as (
    select
        in_order.*,
        coalesce(
            in_order.value < in_order.value_before
            or abs(epoch_us(in_order.started_at) - epoch_us(in_order.started_before))
            > getvariable('start_tolerance_us'),
            false
        ) as fell,
        coalesce(in_order.scraped_at > first_good.scraped_at, false) as is_known_target
    from in_order
    left join first_good
        on in_order.target = first_good.target
    where in_order.is_changed
),

-- Where one part of a histogram fell, all of it restarted, also a part that has overtaken its old
-- value since.
restarted_histograms as (
    select distinct
        series.target,
        series.metric,
        series.model_name,
        series.labels,
        marked.scraped_at
    from marked
    inner join series
        on marked.series_id = series.series_id
    where marked.fell and marked.kind = 'histogram'
),

restarted as (
    select
        series.series_id,
        restarted_histograms.scraped_at
    from restarted_histograms
    inner join series
        on
            restarted_histograms.target = series.target
            and restarted_histograms.metric = series.metric
            and restarted_histograms.labels = series.labels
            and restarted_histograms.model_name is not distinct from series.model_name
)

select
    marked.series_id,
    marked.kind,
    marked.minute_at,
    marked.hour_at,
    marked.fell or restarted.series_id is not null as is_restart,
    case
        when marked.value_before is not null
            then case when is_restart then marked.value else marked.value - marked.value_before end
        -- A series that is new to a known target began at 0 meanwhile. Growth before the first
        -- scrape of a target is not claimed; and a device counts from long before it is scraped.
        when marked.is_known_target and series.device is null then marked.value
        else 0
    end as growth
from marked
inner join series
    on marked.series_id = series.series_id
left join restarted
    on
        marked.series_id = restarted.series_id
        and marked.scraped_at = restarted.scraped_at;
