-- One row: the entries of the newest list of this source before an instant, and whether shorter ones have come for a week since.
with newest as (
    select
        max(lists.fetched_at) as fetched_at,
        arg_max(lists.rows, lists.fetched_at) filter (where lists.outcome <> 'unchanged') as rows
    from raw.answers as lists
    where
        lists.source = $source
        and lists.fetched_at < $fetched_at
        and lists.outcome in ('loaded', 'partial', 'unchanged')
)

select
    newest.rows,
    exists (
        from raw.answers as shorter
        where
            shorter.source = $source
            and shorter.outcome = 'quarantined'
            and starts_with(shorter.reason, $shrank)
            and shorter.fetched_at > newest.fetched_at
            and shorter.fetched_at <= $since
    ) as is_old_news
from newest
