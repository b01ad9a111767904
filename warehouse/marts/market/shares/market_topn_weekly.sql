-- One row per ISO week, top_n, attribution, dimension and member: share among the top n models.
--
-- The n are the week's largest named models. A share of the top n says nothing about the rest; how
-- it moves with n shows how much depends on n.
with models as (
    select
        week_start,
        attribution,
        dimension,
        member,
        model_permaslug,
        sum(tokens)::bigint as tokens
    from {{ ref('member_days') }}
    group by all
),

largest as (
    select
        week_start,
        model_permaslug,
        row_number()
            over (partition by week_start order by sum(tokens) desc, model_permaslug)
            as position
    from models
    where
        attribution = 'releasing_lab'
        and dimension = 'family'
    group by week_start, model_permaslug
),

members as (
    select
        models.week_start,
        tops.top_n,
        models.attribution,
        models.dimension,
        models.member,
        sum(models.tokens)::bigint as tokens
    from models
    inner join largest
        using (week_start, model_permaslug)
    cross join (values (1), (3), (5), (9), (10), (20), (30), (50)) as tops (top_n)
    where largest.position <= tops.top_n
    group by all
    having sum(models.tokens) > 0
)

select
    week_start,
    top_n,
    attribution,
    dimension,
    member,
    tokens,
    tokens / sum(tokens) over (partition by week_start, top_n, attribution, dimension) as share,
    case
        when member <> 'unknown'
            then
                rank() over (
                    partition by week_start, top_n, attribution, dimension, member = 'unknown'
                    order by tokens desc
                )
    end as rank
from members
order by week_start, top_n, attribution, dimension, tokens desc
