-- One row per slice of traffic, grain, first day and model: tokens on a filtered board, as we know them now.
--
-- A slice has its own top 50 and its own `other`; never subtract it from the unfiltered board. Categories and languages are estimates that
-- the source makes from a sample.
select
    boards.slice,
    split_part(boards.slice, '=', 1) as slice_kind,
    split_part(boards.slice, '=', 2) as slice_value,
    boards.grain,
    boards.date,
    cells.model_permaslug,
    cells.author_slug,
    cells.total_tokens,
    case
        when not cells.is_other
            then rank() over (
                partition by boards.slice, boards.grain, boards.date, cells.is_other
                order by cells.total_tokens desc
            )
    end as rank,
    cells.is_other,
    boards.slice like 'category=%' or boards.slice like 'language_type=%' as is_estimate,
    cells.total_tokens / nullif(sum(cells.total_tokens) over (partition by boards.slice, boards.grain, boards.date), 0) as share_of_slice,
    boards.as_of,
    boards.origin,
    boards.answer_sha256
from {{ ref('ranking_day_versions') }} as boards
inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
    using (content_hash)
where
    boards.is_current
    and boards.slice <> 'all'
order by boards.slice, boards.grain, boards.date, cells.is_other, cells.total_tokens desc
