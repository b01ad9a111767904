-- One row per slice of traffic, grain, first day and model: tokens in a filtered ranking.
--
-- Tokens stand as now known. A slice has its own top 50 and its own `other`; never subtract it from
-- the unfiltered ranking. Categories and languages are estimates that the source makes from a
-- sample.
select
    rankings.slice,
    split_part(rankings.slice, '=', 1) as slice_kind,
    split_part(rankings.slice, '=', 2) as slice_value,
    rankings.grain,
    rankings.date,
    ranking_rows.model_permaslug,
    ranking_rows.author_slug,
    ranking_rows.total_tokens,
    case
        when not ranking_rows.is_other
            then rank() over (
                partition by rankings.slice, rankings.grain, rankings.date, ranking_rows.is_other
                order by ranking_rows.total_tokens desc
            )
    end as rank,
    ranking_rows.is_other,
    rankings.slice like 'category=%' or rankings.slice like 'language_type=%' as is_estimate,
    ranking_rows.total_tokens
    / nullif(
        sum(ranking_rows.total_tokens)
            over (partition by rankings.slice, rankings.grain, rankings.date),
        0
    ) as share_of_slice,
    rankings.as_of,
    rankings.origin,
    rankings.answer_sha256
from {{ ref('ranking_day_versions') }} as rankings
inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
    using (content_hash)
where
    rankings.is_current
    and rankings.slice <> 'all'
order by
    rankings.slice,
    rankings.grain,
    rankings.date,
    ranking_rows.is_other,
    ranking_rows.total_tokens desc
