-- One row per answer known at the instant `as_of`; all answers without that variable.
--
-- An answer that states its date is known from then on, even if it was fetched later: so history
-- that is loaded today still shows what could be known a year ago. Other answers, and repetitions
-- of known bytes, are known from when they were fetched.
with stated as (
    select
        contents.sha256,
        min(contents.as_of) as as_of
    from (
        select
            ranking_days.sha256,
            ranking_days.as_of
        from {{ source('raw', 'ranking_days') }} as ranking_days
        union all
        select
            apps.sha256,
            apps.as_of
        from {{ source('raw', 'apps') }} as apps
        union all
        select
            benchmarks.sha256,
            benchmarks.as_of
        from {{ source('raw', 'benchmarks') }} as benchmarks
        union all
        select
            costs.sha256,
            costs.as_of
        from {{ source('raw', 'session_costs') }} as costs
        union all
        -- An archive knows its last day once that is over, or when it was read.
        select
            archives.sha256,
            least(archives.fetched_at, (archives.as_of + 1)::timestamptz) as as_of
        from {{ source('raw', 'price_archives') }} as archives
        union all
        -- A leaderboard is public from the day of each publication, which staging holds its rows to.
        select
            ratings.sha256,
            min(ratings.published_date)::timestamptz as as_of
        from {{ source('raw', 'arena_ratings') }} as ratings
        group by ratings.sha256
    ) as contents
    group by contents.sha256
),

dated as (
    select
        answers.*,
        case
            when answers.outcome <> 'unchanged' and stated.as_of is not null then stated.as_of
            else answers.fetched_at
        end as known_at
    from {{ source('raw', 'answers') }} as answers
    left join stated
        using (sha256)
)

select *
from dated
where {{ is_known('known_at') }}
