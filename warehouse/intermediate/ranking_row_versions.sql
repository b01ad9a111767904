-- One row per ranking (slice, grain, date), model and change: each value that a figure has had.
--
-- total_tokens is null where a figure was withdrawn: its ranking went away, or the model dropped
-- out of it.
with ranking_rows as (
    select
        rankings.slice,
        rankings.grain,
        rankings.date,
        rankings.version,
        ranking_rows.model_permaslug,
        ranking_rows.total_tokens
    from {{ ref('ranking_day_versions') }} as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
),

ever as (
    select distinct
        slice,
        grain,
        date,
        model_permaslug
    from ranking_rows
),

-- Every model that a ranking ever had, for every version of it: absence is a value too.
grid as (
    select
        rankings.slice,
        rankings.grain,
        rankings.date,
        rankings.version,
        rankings.as_of,
        rankings.origin,
        rankings.answer_sha256,
        ever.model_permaslug
    from {{ ref('ranking_day_versions') }} as rankings
    inner join ever
        using (slice, grain, date)
),

valued as (
    select
        grid.*,
        ranking_rows.total_tokens,
        lag(ranking_rows.total_tokens) over version_order as previous_total_tokens
    from grid
    left join ranking_rows
        using (slice, grain, date, version, model_permaslug)
    window
        version_order as (
            partition by grid.slice, grid.grain, grid.date, grid.model_permaslug
            order by grid.version
        )
)

select
    slice,
    grain,
    date,
    model_permaslug,
    as_of,
    total_tokens,
    previous_total_tokens,
    origin,
    answer_sha256
from valued
where total_tokens is distinct from previous_total_tokens
