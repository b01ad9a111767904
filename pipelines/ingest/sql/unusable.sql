-- One row per answer of a run with rankings of which nothing could be used: source, reason, and the days that it was requested for.
-- Bytes that are unchanged since they could not be used are of no more use now.
select
    answers.source,
    known.reason,
    coalesce(
        try_cast(answers.params ->> 'start_date' as date),
        try_cast(answers.context ->> 'snapshot_date' as date) - 30
    ) as first_date,
    coalesce(
        try_cast(answers.params ->> 'end_date' as date),
        try_cast(answers.context ->> 'snapshot_date' as date) - 1
    ) as last_date
from raw.answers as answers
inner join raw.answers as known
    on
        answers.answer_id = known.answer_id
        or (
            answers.outcome = 'unchanged'
            and answers.sha256 = known.sha256
            and answers.source = known.source
            and answers.params = known.params
            and answers.context = known.context
        )
where
    answers.run_id = $run_id -- noqa: RF02
    and answers.source in ('rankings_daily', 'rankings_export')
    and known.outcome in ('unreadable', 'quarantined', 'broken')
