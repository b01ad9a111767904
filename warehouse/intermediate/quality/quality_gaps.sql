-- One row per span and pair of sides: the best model of each, and what lies between them.
with bests as (
    select *
    from {{ ref('quality_standings') }}
    where place = 1
),

pairs as (
    select
        pair.dimension,
        pair.member,
        pair.other_member
    from (
        values
        ('country', 'US', 'CN'),
        ('weights', 'closed', 'open')
    ) as pair (dimension, member, other_member)
),

gaps as (
    select
        first.measure,
        first.category,
        first.version_date,
        first.start_date,
        pairs.dimension,
        pairs.member,
        pairs.other_member,
        first.model_name as member_model,
        second.model_name as other_model,
        first.model_id as member_model_id,
        second.model_id as other_model_id,
        first.score as member_score,
        second.score as other_score,
        unknown.score as unknown_score,
        first.score - second.score as gap_points,
        {{ difference_end('first', 'second', 'low') }} as gap_points_low,
        {{ difference_end('first', 'second', 'high') }} as gap_points_high,
        case
            when first.score > second.score then pairs.member
            when first.score < second.score then pairs.other_member
        end as leader,
        -- Of the leading side the day of its best model, of the other one its day and interval.
        case when first.score >= second.score then first.available_date else second.available_date end
            as leader_date,
        case when first.score >= second.score then second.available_date else first.available_date end
            as trailer_date,
        case when first.score >= second.score then second.score else first.score end as trailer_score,
        case when first.score >= second.score then second.score_low else first.score_low end
            as trailer_low,
        case when first.score >= second.score then second.score_high else first.score_high end
            as trailer_high,
        first.origin,
        first.answer_sha256
    from pairs
    inner join bests as first
        on pairs.dimension = first.dimension and pairs.member = first.member
    inner join bests as second
        on
            first.measure = second.measure
            and first.category = second.category
            and first.start_date = second.start_date
            and pairs.dimension = second.dimension
            and pairs.other_member = second.member
    left join bests as unknown
        on
            first.measure = unknown.measure
            and first.category = unknown.category
            and first.start_date = unknown.start_date
            and pairs.dimension = unknown.dimension
            and unknown.member = 'unknown'
),

-- When the leading side first had what the other one has now, to within one point.
reached as (
    select
        gaps.measure,
        gaps.category,
        gaps.start_date,
        gaps.dimension,
        min(standings.available_date) filter (where standings.score >= gaps.trailer_score - 1)
            as reached_date,
        min(standings.available_date) filter (where standings.score >= gaps.trailer_low - 1)
            as reached_low_date,
        min(standings.available_date) filter (where standings.score >= gaps.trailer_high - 1)
            as reached_high_date
    from gaps
    inner join {{ ref('quality_standings') }} as standings
        on
            gaps.measure = standings.measure
            and gaps.category = standings.category
            and gaps.start_date = standings.start_date
            and gaps.dimension = standings.dimension
            and gaps.leader = standings.member
    group by gaps.measure, gaps.category, gaps.start_date, gaps.dimension
),

firsts as (
    select
        measure,
        category,
        case when measure <> 'epoch' then min(version_date) end as first_date
    from {{ ref('quality_scores') }}
    group by measure, category
)

select
    gaps.*,
    reached.reached_date,
    reached.reached_low_date,
    reached.reached_high_date,
    case
        when gaps.leader is null then 'the two are level'
        when gaps.leader_date is null or gaps.trailer_date is null or reached.reached_date is null
            then 'the day of a model is not known'
        when least(gaps.trailer_date, reached.reached_date) <= firsts.first_date
            then 'a model stood in the first publication that is loaded, so it may be older'
    end as months_reason
from gaps
inner join firsts
    on gaps.measure = firsts.measure and gaps.category = firsts.category
left join reached
    on
        gaps.measure = reached.measure
        and gaps.category = reached.category
        and gaps.start_date = reached.start_date
        and gaps.dimension = reached.dimension
