delete from ledger.coverage_minutes using changed_hours
where
    coverage_minutes.target = changed_hours.target
    and coverage_minutes.hour_at = changed_hours.hour_at
    and changed_hours.is_remade
    and coverage_minutes.hour_at >= getvariable('first_changed')
    and coverage_minutes.hour_at < getvariable('end_changed');

-- One row per target and minute: seconds between two good scrapes without a gap.
create or replace temp table more_coverage as
with outcomes as (
    select
        target,
        scraped_at,
        minute_at,
        bool_or(value = 1) as is_up,
        bool_or(is_changed) as is_changed
    from needed_samples
    where metric = 'up'
    group by all
),

pairs as (
    select
        target,
        lag(scraped_at) over (partition by target order by scraped_at) as from_at,
        scraped_at as until_at
    from outcomes
    where is_up
),

pieces as (
    select
        pairs.target,
        pairs.from_at,
        pairs.until_at,
        unnest(
            generate_series(
                date_trunc('minute', pairs.from_at),
                date_trunc('minute', pairs.until_at),
                interval 1 minute
            )
        ) as minute_at
    from pairs
    inner join limits
        on pairs.target = limits.target
    where pairs.until_at <= pairs.from_at + limits.gap
),

minutes as (
    select
        target,
        minute_at,
        (
            epoch_us(least(until_at, minute_at + interval 1 minute))
            - epoch_us(greatest(from_at, minute_at))
        ) / 1e6 as covered_seconds,
        0 as scrapes,
        0 as failed_scrapes
    from pieces
    where until_at > minute_at
    union all by name
    select
        target,
        minute_at,
        0 as covered_seconds,
        1 as scrapes,
        (not is_up)::integer as failed_scrapes
    from outcomes
    where is_changed
)

select
    minutes.target,
    minutes.minute_at,
    date_trunc('hour', minutes.minute_at) as hour_at,
    sum(minutes.covered_seconds) as covered_seconds,
    sum(minutes.scrapes)::bigint as scrapes,
    sum(minutes.failed_scrapes)::bigint as failed_scrapes
from minutes
semi join changed_hours
    on
        minutes.target = changed_hours.target
        and date_trunc('hour', minutes.minute_at) = changed_hours.hour_at
group by all;
