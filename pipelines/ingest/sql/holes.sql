-- One row per answer or segment that should be in this warehouse and is not, with the reason.
select
    'answer ' || answers.answer_id || ' of ' || answers.source as what,
    answers.reason
from raw.answers as answers
where answers.outcome = 'damaged'

union all
-- A line that a crash cut short was never confirmed to anybody.
select
    'a line of the log' as what,
    bad_lines.reason
from raw.quarantine as bad_lines
where
    bad_lines.source = 'archive_log'
    and not contains(bad_lines.reason, 'cut short')

union all
select
    'segment ' || before.segment_id as what,
    coalesce(damaged.reason, 'the archive no longer has this segment') as reason
from before
left join raw.telemetry_segments as damaged
    on
        before.segment_id = damaged.segment_id
        and damaged.outcome = 'unreadable'
where
    before.sha256 not in (
        select loaded.sha256
        from raw.telemetry_segments as loaded
        where loaded.outcome <> 'unreadable'
    )
order by what
