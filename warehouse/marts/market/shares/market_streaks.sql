-- One row per basis, attribution, dimension, member and run of whole ISO weeks at rank 1.
--
-- The run survives a test if the member's lead survives it in every week of the run
-- (lead_tests_weekly). A week that is not over, or of which a day was never requested, neither ends
-- nor extends a run. A gap of such weeks does end it, since nobody knows who led then. Members with
-- equal tokens lead together.
with runs as (
    select
        leaders.basis,
        leaders.attribution,
        leaders.dimension,
        leaders.member,
        leaders.week_start,
        leaders.share - leaders.second_share as lead_share,
        tests.survives_without_free,
        tests.survives_any_model,
        tests.survives_any_day,
        tests.survives_other_top_n,
        tests.survives_other_attribution,
        tests.survives_first_published,
        tests.survives_unknown,
        weeks.missing_days,
        -- Consecutive weeks share this date, so it tells one run from the next.
        leaders.week_start
        - 7 * row_number() over (
            partition by leaders.basis, leaders.attribution, leaders.dimension, leaders.member
            order by leaders.week_start
        )::integer as run
    from {{ ref('leaders_weekly') }} as leaders
    inner join {{ ref('lead_tests_weekly') }} as tests
        using (week_start, basis, attribution, dimension, member)
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
    max(week_start)
    = (select max(weeks.week_start) from {{ ref('market_weeks') }} as weeks) as is_open,
    bool_and(survives_without_free) as survives_without_free,
    bool_and(survives_any_model) as survives_any_model,
    bool_and(survives_any_day) as survives_any_day,
    bool_and(survives_other_top_n) as survives_other_top_n,
    bool_and(survives_other_attribution) as survives_other_attribution,
    bool_and(survives_first_published) as survives_first_published,
    bool_and(survives_unknown) as survives_unknown,
    min(lead_share) as least_lead_share,
    sum(missing_days)::bigint as missing_days
from runs
group by basis, attribution, dimension, member, run
order by basis, attribution, dimension, started_week, member
