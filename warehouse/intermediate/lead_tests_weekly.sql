-- One row per ISO week, basis, attribution, dimension and leader: which tests its lead survives.
--
-- Each of the seven tests counts the same members in another way: without free listings, without
-- one day, as first published, and so on. Leaving out one model hurts the leader only if the model
-- is its own, so its largest model is the only one to try.
with largest_nine as (
    select
        week_start,
        model_permaslug
    from {{ ref('member_days') }}
    where
        attribution = 'releasing_lab'
        and dimension = 'family'
    group by week_start, model_permaslug
    qualify
        row_number() over (partition by week_start order by sum(tokens) desc, model_permaslug) <= 9
),

-- What is in `other` has no member, so ranks on the platform are those of the named models.
with_basis as (
    select
        bases.basis,
        days.*
    from {{ ref('member_days') }} as days
    cross join (values ('platform'), ('top50')) as bases (basis)
    where
        days.member <> 'unknown'
        and days.dimension <> 'size'
    union all
    select
        'top9' as basis,
        days.*
    from {{ ref('member_days') }} as days
    inner join largest_nine
        using (week_start, model_permaslug)
    where
        days.member <> 'unknown'
        and days.dimension <> 'size'
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
    from with_basis
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
    from with_basis
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

day_tests as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        -- A week of one day has nothing left without it.
        case when count(*) > 1 then bool_and(tokens = max_tokens) end as survives_any_day
    from (
        select
            *,
            max(tokens)
                over (partition by week_start, basis, attribution, dimension, date)
                as max_tokens
        from without_a_day
    ) as compared
    group by all
),

week_tests as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        member,
        paid_tokens > 0
        and paid_tokens = max(paid_tokens) over all_members as survives_without_free,
        first_tokens > 0
        and first_tokens = max(first_tokens) over all_members as survives_first_published
    from by_week
    window all_members as (partition by week_start, basis, attribution, dimension)
),

top_n_tests as (
    select
        week_start,
        attribution,
        dimension,
        member,
        -- A member outside some top n has no row there, so its first places are counted against
        -- every n.
        count(*) filter (where rank = 1) = (
            select count(distinct tops.top_n)
            from {{ ref('market_topn_weekly') }} as tops
            where tops.top_n >= 5
        ) as survives_other_top_n
    from {{ ref('market_topn_weekly') }}
    where top_n >= 5
    group by all
)

select
    leaders.week_start,
    leaders.basis,
    leaders.attribution,
    leaders.dimension,
    leaders.member,
    week_tests.survives_without_free,
    leaders.tokens > largest_model.tokens
    and leaders.tokens - largest_model.tokens >= leaders.second_tokens as survives_any_model,
    day_tests.survives_any_day,
    coalesce(top_n_tests.survives_other_top_n, false) as survives_other_top_n,
    case
        when leaders.dimension in ('author', 'country')
            then coalesce(other_attribution.rank = 1, false)
    end as survives_other_attribution,
    week_tests.survives_first_published,
    leaders.share_low > leaders.second_share_high as survives_unknown
from {{ ref('leaders_weekly') }} as leaders
left join week_tests
    using (week_start, basis, attribution, dimension, member)
left join day_tests
    using (week_start, basis, attribution, dimension, member)
left join largest_model
    using (week_start, basis, attribution, dimension, member)
left join top_n_tests
    using (week_start, attribution, dimension, member)
left join {{ ref('market_share_weekly') }} as other_attribution
    on
        leaders.week_start = other_attribution.week_start
        and leaders.basis = other_attribution.basis
        and leaders.attribution <> other_attribution.attribution
        and leaders.dimension = other_attribution.dimension
        and leaders.member = other_attribution.member
