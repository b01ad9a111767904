-- One row per source that is watched: whether it gave a good answer within the last hours.
with newest as (
    select
        watched.source as subject,
        max(answers.fetched_at) as since
    from (select unnest($sources::varchar[]) as source) as watched
    left join ingest_log as answers
        on
            watched.source = answers.source
            and answers.outcome in ('loaded', 'partial', 'unchanged')
    where watched.source <> 'telemetry'
    group by watched.source
)

select
    subject,
    coalesce(date_diff('second', since, $now) > 3600 * $hours, true) as is_firing,
    round(date_diff('second', since, $now) / 3600, 1) as value,
    $hours as threshold,
    'hours' as unit,
    since,
    coalesce(
        format(
            '{} gave its last good answer {:.1f} hours ago, at {} UTC',
            subject,
            date_diff('second', since, $now) / 3600,
            strftime(since, '%Y-%m-%d %H:%M')
        ),
        format('{} has never given a good answer', subject)
    ) as text
from newest
order by subject
