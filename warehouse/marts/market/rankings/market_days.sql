-- One row per UTC day that an answer covered: the platform's total, or that the day is missing.
--
-- A missing day is not a day without demand: its figures are null, never zero. A day that no answer
-- covered has no row.
with rankings as (
    select *
    from {{ ref('ranking_day_versions') }}
    where
        slice = 'all'
        and grain = 'day'
),

-- State of the newest answer, which may be that the day is gone.
newest as (
    select
        date,
        is_withdrawn,
        as_of
    from rankings
    qualify row_number() over (partition by date order by as_of desc) = 1
),

totals as (
    select
        content_hash,
        sum(total_tokens)::bigint as platform_tokens,
        sum(total_tokens) filter (where is_other)::bigint as other_tokens,
        count(*) filter (where not is_other) as model_count,
        min(total_tokens) filter (where not is_other) as cutoff_tokens
    from {{ ref('stg_openrouter__ranking_rows') }}
    group by content_hash
)

select
    newest.date,
    totals.platform_tokens,
    totals.other_tokens,
    totals.model_count,
    totals.cutoff_tokens,
    current_rankings.date is null as is_missing,
    newest.is_withdrawn,
    not coalesce(current_rankings.has_other, true) as is_other_missing,
    coalesce(current_rankings.as_of, newest.as_of) as as_of,
    current_rankings.version,
    current_rankings.origin,
    current_rankings.answer_sha256
from newest
left join rankings as current_rankings
    on
        newest.date = current_rankings.date
        and current_rankings.is_current
left join totals
    using (content_hash)
order by newest.date
