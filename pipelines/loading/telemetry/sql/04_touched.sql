-- One row per target and hour whose facts may be others now: those of new samples, those within reach of one, and those of the samples
-- that come next in their series, since growth is counted from the sample before.
create or replace temp table touched as
with instants as (
    select distinct
        target,
        scraped_at
    from incoming
),

within_reach as (
    select
        instants.target,
        unnest(
            generate_series(
                date_trunc('hour', instants.scraped_at - limits.gap),
                date_trunc('hour', instants.scraped_at + limits.gap),
                interval 1 hour
            )
        ) as hour_at
    from instants
    inner join limits
        on instants.target = limits.target
),

onwards as (
    select
        *,
        segment_id in (select incoming.segment_id from incoming) as is_new,
        case when metric in ('up', 'device_up') then '' else labels end as series_labels
    from raw.telemetry_samples
    where scraped_at >= getvariable('first_at')
),

-- Most of the time there is none: segments come in order.
overtaken as (
    select distinct onwards.target
    from onwards
    semi join instants
        on onwards.target = instants.target
    where not onwards.is_new
),

next_in_series as (
    select
        onwards.target,
        onwards.scraped_at
    from onwards
    semi join overtaken
        on onwards.target = overtaken.target
    qualify
        not onwards.is_new
        and lag(onwards.is_new) over (
            partition by
                onwards.target, onwards.metric, onwards.part, onwards.le, onwards.model_name, onwards.series_labels, onwards.device
            order by onwards.scraped_at
        )
),

-- A scrape that failed says how long ago the last good one was.
next_failed as (
    select
        onwards.target,
        onwards.scraped_at
    from onwards
    semi join overtaken
        on onwards.target = overtaken.target
    where onwards.metric = 'up'
    qualify
        not onwards.is_new
        and last_value(case when onwards.value = 1 then onwards.is_new end ignore nulls) over (
            partition by onwards.target order by onwards.scraped_at rows between unbounded preceding and 1 preceding
        )
)

select
    target,
    hour_at
from within_reach
union
select
    target,
    date_trunc('hour', scraped_at) as hour_at
from next_in_series
union
select
    target,
    date_trunc('hour', scraped_at) as hour_at
from next_failed;

-- What retention dropped, and the archive could not give back, stays as it was counted.
delete from touched
where hour_at < getvariable('frozen_before');
