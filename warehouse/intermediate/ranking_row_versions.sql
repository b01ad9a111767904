-- One row per board (slice, grain, date), model and change: each value that a figure has had, and when we learned it.
--
-- total_tokens is null where a figure was withdrawn: its board went away, or the model fell out of it.
with cells as (
    select
        boards.slice,
        boards.grain,
        boards.date,
        boards.version,
        cells.model_permaslug,
        cells.total_tokens
    from {{ ref('ranking_day_versions') }} as boards
    inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
        using (content_hash)
),

ever as (
    select distinct
        slice,
        grain,
        date,
        model_permaslug
    from cells
),

-- Every model that a board ever had, against every version of it: absence is a value too.
grid as (
    select
        boards.slice,
        boards.grain,
        boards.date,
        boards.version,
        boards.as_of,
        boards.origin,
        boards.answer_sha256,
        ever.model_permaslug
    from {{ ref('ranking_day_versions') }} as boards
    inner join ever
        using (slice, grain, date)
),

valued as (
    select
        grid.*,
        cells.total_tokens,
        lag(cells.total_tokens) over cell_order as previous_total_tokens
    from grid
    left join cells
        using (slice, grain, date, version, model_permaslug)
    window cell_order as (partition by grid.slice, grid.grain, grid.date, grid.model_permaslug order by grid.version)
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
