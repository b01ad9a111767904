-- One row per ISO week, basis, attribution, dimension and leader, with what becomes of its lead when the week is counted in another way.
--
-- Every other way is a count of its own over the same members: without free listings, without one day, as first published. Leaving out one
-- model can only hurt the leader if it is the leader's own, so the largest of those stands for all of them.
with shares as (
    select shares.*
    from {{ ref('market_share_weekly') }} as shares
    inner join {{ ref('market_weeks') }}
        using (week_start)
    where shares.dimension in ('author', 'country', 'weights', 'family')
),

rivals as (
    select
        leaders.week_start,
        leaders.basis,
        leaders.attribution,
        leaders.dimension,
        leaders.member,
        any_value(leaders.tokens) as tokens,
        any_value(leaders.share) as share,
        coalesce(max(others.tokens) filter (where others.member <> 'unknown'), 0) as second_tokens,
        coalesce(max(others.share) filter (where others.member <> 'unknown'), 0) as second_share,
        -- Alone among the known, it must be larger than the unknown, which may all belong to one other.
        any_value(leaders.share_low) > coalesce(
            max(others.share_high) filter (where others.member <> 'unknown'),
            max(others.share) filter (where others.member = 'unknown'),
            0
        ) as survives_unknown
    from shares as leaders
    left join shares as others
        on
            leaders.week_start = others.week_start
            and leaders.basis = others.basis
            and leaders.attribution = others.attribution
            and leaders.dimension = others.dimension
            and leaders.member <> others.member
    where leaders.rank = 1
    group by all
),

nine as (
    select
        week_start,
        model_permaslug
    from {{ ref('member_days') }}
    where
        attribution = 'releasing_lab'
        and dimension = 'family'
    group by week_start, model_permaslug
    qualify row_number() over (partition by week_start order by sum(tokens) desc, model_permaslug) <= 9
),

-- What is in `other` has no member, so ranks on the platform are those of the named models.
based as (
    select
        bases.basis,
        days.*
    from {{ ref('member_days') }} as days
    cross join (values ('platform'), ('top50')) as bases (basis)
    where days.member <> 'unknown'
    union all
    select
        'top9' as basis,
        days.*
    from {{ ref('member_days') }} as days
    inner join nine
        using (week_start, model_permaslug)
    where days.member <> 'unknown'
),

by_model as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        model_permaslug,
        sum(tokens) as tokens
    from based
    group by all
),

largest_model as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        max(tokens) as tokens
    from by_model
    group by all
),

by_day as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        date,
        sum(tokens) as tokens,
        sum(tokens) filter (where not is_free) as paid_tokens,
        sum(first_tokens) as first_tokens
    from based
    group by all
),

by_week as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        sum(tokens) as tokens,
        coalesce(sum(paid_tokens), 0) as paid_tokens,
        sum(first_tokens) as first_tokens
    from by_day
    group by all
),

week_dates as (
    select distinct
        week_start,
        basis,
        date
    from by_day
),

without_a_day as (
    select
        weeks.week_start,
        weeks.basis,
        weeks.attribution,
        weeks.dimension,
        weeks.member,
        dates.date,
        weeks.tokens - coalesce(days.tokens, 0) as tokens
    from by_week as weeks
    inner join week_dates as dates
        using (week_start, basis)
    left join by_day as days
        using (week_start, basis, attribution, dimension, member, date)
),

day_leads as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        -- Of a week with one day nothing is left without it.
        case when count(*) > 1 then bool_and(tokens = most) end as survives_any_day
    from (
        select
            *,
            max(tokens) over (partition by week_start, basis, attribution, dimension, date) as most
        from without_a_day
    ) as compared
    group by all
),

week_leads as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        paid_tokens > 0 and paid_tokens = max(paid_tokens) over others as survives_without_free,
        first_tokens > 0 and first_tokens = max(first_tokens) over others as survives_first_published
    from by_week
    window others as (partition by week_start, basis, attribution, dimension)
),

top_leads as (
    select
        week_start,
        attribution,
        dimension,
        member,
        -- A member that is not among some n has no row there, so first places are counted against all n.
        count(*) filter (where rank = 1) as first_places,
        (
            select count(distinct tops.top_n)
            from {{ ref('market_topn_weekly') }} as tops
            where tops.top_n >= 5
        ) as places
    from {{ ref('market_topn_weekly') }}
    where top_n >= 5
    group by all
)

select
    rivals.week_start,
    rivals.basis,
    rivals.attribution,
    rivals.dimension,
    rivals.member,
    rivals.share - rivals.second_share as lead_share,
    week_leads.survives_without_free,
    rivals.tokens > largest_model.tokens and rivals.tokens - largest_model.tokens >= rivals.second_tokens as survives_any_model,
    day_leads.survives_any_day,
    coalesce(top_leads.first_places = top_leads.places, false) as survives_other_top_n,
    case when rivals.dimension in ('author', 'country') then coalesce(elsewhere.rank = 1, false) end as survives_other_attribution,
    week_leads.survives_first_published,
    rivals.survives_unknown
from rivals
left join week_leads
    using (week_start, basis, attribution, dimension, member)
left join day_leads
    using (week_start, basis, attribution, dimension, member)
left join largest_model
    using (week_start, basis, attribution, dimension, member)
left join top_leads
    using (week_start, attribution, dimension, member)
left join shares as elsewhere
    on
        rivals.week_start = elsewhere.week_start
        and rivals.basis = elsewhere.basis
        and rivals.attribution <> elsewhere.attribution
        and rivals.dimension = elsewhere.dimension
        and rivals.member = elsewhere.member
