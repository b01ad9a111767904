-- One row per basis, attribution, dimension, member and run of consecutive whole ISO weeks in which it ranked first, and whether the run
-- survives each other way of counting: it does if the member leads every one of its weeks in that way too.
--
-- A week that is not over, or of which a day was not asked for, neither ends nor extends a run; a hole of such weeks does end it, since
-- nobody knows who led there. Equal tokens lead together.
with placed as (
    select
        leaders.*,
        weeks.missing_days,
        leaders.week_start
        - 7 * row_number() over (
            partition by leaders.basis, leaders.attribution, leaders.dimension, leaders.member
            order by leaders.week_start
        )::integer as run
    from {{ ref('leaders_weekly') }} as leaders
    inner join {{ ref('market_weeks') }} as weeks
        using (week_start)
)

select
    basis,
    attribution,
    dimension,
    member,
    min(week_start) as started_week,
    max(week_start) as ended_week,
    count(*) as weeks,
    max(week_start) = (select max(weeks.week_start) from {{ ref('market_weeks') }} as weeks) as is_open,
    bool_and(survives_without_free) as survives_without_free,
    bool_and(survives_any_model) as survives_any_model,
    bool_and(survives_any_day) as survives_any_day,
    bool_and(survives_other_top_n) as survives_other_top_n,
    bool_and(survives_other_attribution) as survives_other_attribution,
    bool_and(survives_first_published) as survives_first_published,
    bool_and(survives_unknown) as survives_unknown,
    min(lead_share) as least_lead_share,
    sum(missing_days)::bigint as missing_days
from placed
group by basis, attribution, dimension, member, run
order by basis, attribution, dimension, started_week, member
