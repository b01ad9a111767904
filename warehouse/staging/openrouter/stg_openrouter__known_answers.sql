-- One row per answer that was known at the instant `as_of`, whatever came of it; all answers where that variable is not set.
--
-- An answer that says from when it speaks is known from then on, also if it was fetched later: so a history that is loaded today still tells
-- what could be known a year ago. The others, and repetitions of known bytes, are known from when they were fetched.
with spoken as (
    select
        contents.sha256,
        min(contents.as_of) as as_of
    from (
        select
            boards.sha256,
            boards.as_of
        from {{ source('raw', 'ranking_days') }} as boards
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
    ) as contents
    group by contents.sha256
),

dated as (
    select
        answers.*,
        case
            when answers.outcome <> 'unchanged' and spoken.as_of is not null then spoken.as_of
            else answers.fetched_at
        end as known_at
    from {{ source('raw', 'answers') }} as answers
    left join spoken
        using (sha256)
)

select *
from dated
where {{ is_known('known_at') }}
