-- One row per target and hour whose facts are made again: hours of new samples that cannot be added
-- to, hours within reach of one, and hours of the next samples in their series, since growth is
-- counted from the sample before. Where a segment came late, these are the next samples of all
-- series: whether a process began while its target was watched may have changed.
insert into changed_hours by name
with instants as (
    select distinct
        target,
        scraped_at
    from incoming
    where target in (select late.target from incoming_targets as late where late.is_late)
),

within_gap as (
    select
        instants.target,
        unnest(
            generate_series(
                date_trunc('hour', instants.scraped_at - limits.reach),
                date_trunc('hour', instants.scraped_at + limits.reach),
                interval 1 hour
            )
        ) as hour_at
    from instants
    inner join limits
        on instants.target = limits.target
),

samples_since as (
    select
        *,
        segment_id in (select incoming.segment_id from incoming) as is_new
    from identified_samples
    where scraped_at >= getvariable('first_at')
),

-- Most of the time there is none: segments come in order.
overtaken as (
    select distinct samples_since.target
    from samples_since
    semi join instants
        on samples_since.target = instants.target
    where not samples_since.is_new
),

next_in_series as (
    select
        samples_since.target,
        samples_since.scraped_at
    from samples_since
    semi join overtaken
        on samples_since.target = overtaken.target
    window
        in_series as (
            partition by
                samples_since.target,
                samples_since.metric,
                samples_since.part,
                samples_since.le,
                samples_since.model_name,
                samples_since.series_labels,
                samples_since.device,
                samples_since.process
            order by samples_since.scraped_at
        )
    qualify
        not samples_since.is_new
        and coalesce(lag(samples_since.is_new) over in_series, true)
),

-- The row of a failed scrape has the time since the last good one.
next_failed as (
    select
        samples_since.target,
        samples_since.scraped_at
    from samples_since
    semi join overtaken
        on samples_since.target = overtaken.target
    where samples_since.metric = 'up'
    qualify
        not samples_since.is_new
        and last_value(case when samples_since.value = 1 then samples_since.is_new end ignore nulls)
            over (
                partition by samples_since.target
                order by samples_since.scraped_at
                rows between unbounded preceding and 1 preceding
            )
)

select
    target,
    hour_at,
    true as is_remade
from within_gap
union
select
    target,
    date_trunc('hour', scraped_at) as hour_at,
    true as is_remade
from next_in_series
union
select
    target,
    date_trunc('hour', scraped_at) as hour_at,
    true as is_remade
from next_failed;

-- Hours whose samples retention dropped, and the archive could not give back, stay as counted.
delete from changed_hours
where hour_at < getvariable('frozen_before');
