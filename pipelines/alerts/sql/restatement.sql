-- One row per UTC day whose total was restated in the last week by at least the change that is watched.
select
    format('{} {}', date, strftime(as_of, '%Y-%m-%dT%H:%M:%SZ')) as subject,
    true as is_firing,
    change_ratio as value,
    $change as threshold,
    'share' as unit,
    as_of as since,
    format(
        '{} was restated by {:+.2f} %: from {:,} to {:,} tokens, {} models changed',
        date,
        100 * change_ratio,
        first_platform_tokens,
        platform_tokens,
        models_changed
    ) as text
from market_restatements_daily
where
    revisions > 0
    and as_of > $now - to_days(7)
    and abs(change_ratio) >= $change
order by subject
