-- One row per UTC day, measure, category and pair of sides: how far apart their best models are.
--
-- Points are those of the measure's scale. A percentage has the trailing score as its base, as the
-- press counts it; neither scale has a zero, so it says less than it seems to. The interval of a
-- difference holds for two models; where several of a side are near its best, it is rather too wide.
with days as (
    select
        spans.measure,
        spans.category,
        spans.start_date,
        spans.version_date,
        spans.is_hindsight,
        unnest(generate_series(spans.start_date, spans.end_date, interval 1 day))::date as date
    from {{ ref('quality_spans') }} as spans
)

select
    days.date,
    gaps.measure,
    gaps.category,
    gaps.dimension,
    gaps.member,
    gaps.other_member,
    days.version_date,
    greatest(days.date - days.version_date, 0)::integer as age_days,
    days.is_hindsight,
    gaps.member_model,
    gaps.other_model,
    gaps.member_model_id,
    gaps.other_model_id,
    gaps.member_score,
    gaps.other_score,
    gaps.unknown_score,
    gaps.gap_points,
    gaps.gap_points_low,
    gaps.gap_points_high,
    measures.interval_level,
    case
        when gaps.gap_points_low is null then 'the measure gives a model no interval'
    end as interval_reason,
    100 * gaps.gap_points / least(gaps.member_score, gaps.other_score) as gap_percent,
    100 * gaps.gap_points_low / least(gaps.member_score, gaps.other_score) as gap_percent_low,
    100 * gaps.gap_points_high / least(gaps.member_score, gaps.other_score) as gap_percent_high,
    case when measures.scale = 'elo' then {{ expected_win_rate('gaps.gap_points') }} end as win_rate,
    case when measures.scale = 'elo' then {{ expected_win_rate('gaps.gap_points_low') }} end
        as win_rate_low,
    case when measures.scale = 'elo' then {{ expected_win_rate('gaps.gap_points_high') }} end
        as win_rate_high,
    gaps.leader,
    coalesce(gaps.gap_points_low > 0 or gaps.gap_points_high < 0, false) as is_certain,
    case
        when gaps.months_reason is null
            then {{ months_between('gaps.reached_date', 'gaps.trailer_date') }}
    end as months_behind,
    -- With the upper end of the trailing score it was reached later, or never: then it may lead.
    case
        when gaps.months_reason is null and gaps.gap_points_low is not null
            then
                coalesce(
                    greatest({{ months_between('gaps.reached_high_date', 'gaps.trailer_date') }}, 0),
                    0
                )
    end as months_behind_low,
    case
        when gaps.months_reason is null and gaps.gap_points_low is not null
            then {{ months_between('gaps.reached_low_date', 'gaps.trailer_date') }}
    end as months_behind_high,
    case
        when gaps.leader is not null and abs(gaps.gap_points) > 1 and days.date >= gaps.leader_date
            then {{ months_between('gaps.leader_date', 'days.date') }}
    end as months_unmatched,
    gaps.months_reason,
    measures.licence,
    measures.citation,
    gaps.origin,
    gaps.answer_sha256
from days
inner join {{ ref('quality_gaps') }} as gaps
    on
        days.measure = gaps.measure
        and days.category = gaps.category
        and days.start_date = gaps.start_date
inner join {{ ref('quality_measures') }} as measures
    on gaps.measure = measures.measure
