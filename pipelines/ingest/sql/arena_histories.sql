-- One row per leaderboard whose history was loaded.
select distinct context ->> 'leaderboard' as leaderboard
from raw.answers
where
    source = 'arena_full'
    and outcome in ('loaded', 'partial')
