-- One row per target: whether its scrapes have failed for the minutes that are watched.
--
-- Time is that of the newest scrape of all, since only what was scraped is known. A target that was not
-- scraped in its last hour is neither up nor down; one that is gone is not missing.
with newest as (
    select max(last_at) as newest_at
    from scrape_outcomes_hourly
    where not is_of_devices
),

servers as (
    select
        scrapes.target as subject,
        max(newest.newest_at) as newest_at,
        max(scrapes.last_at) as scraped_at,
        max(scrapes.last_at) filter (where scrapes.is_up) as up_at,
        min(scrapes.first_at) as first_at,
        arg_max(scrapes.reason, scrapes.last_at) filter (where not scrapes.is_up) as reason
    from scrape_outcomes_hourly as scrapes
    cross join newest
    left join service_replicas as replicas
        on scrapes.target = replicas.target
    where
        not scrapes.is_of_devices
        and scrapes.hour_at > newest.newest_at - to_days(7)
        and coalesce(replicas.state <> 'gone', true)
    group by scrapes.target
),

timed as (
    select
        *,
        coalesce(up_at, first_at) as since,
        date_diff('second', coalesce(up_at, first_at), scraped_at) / 60 as failed_minutes,
        scraped_at >= newest_at - to_hours(1) as is_scraped,
        coalesce(scraped_at <> up_at, true) as is_failing
    from servers
)

select
    subject,
    case when is_scraped then is_failing and failed_minutes >= $minutes end as is_firing,
    round(failed_minutes, 1) as value,
    $minutes as threshold,
    'minutes' as unit,
    since,
    case
        when not is_scraped
            then
                format(
                    '{} was last scraped at {} UTC',
                    subject,
                    strftime(scraped_at, '%Y-%m-%d %H:%M:%S')
                )
        when is_failing
            then
                format(
                    '{} is down since {} UTC: {}',
                    subject,
                    strftime(since, '%Y-%m-%d %H:%M:%S'),
                    coalesce(reason, 'the scrape failed')
                )
        else format('{} is up: scraped at {} UTC', subject, strftime(up_at, '%Y-%m-%d %H:%M:%S'))
    end as text
from timed
where $target is null or subject = $target
order by subject
