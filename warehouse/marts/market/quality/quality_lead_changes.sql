-- One row per measure, category, pair of sides and day on which the other side's best model took the
-- lead.
--
-- The lead of a day is that of the higher score; a change is certain if before it one side and after it
-- the other led by more than the interval. Then the change lies between the last such day of the one
-- and the first of the other.
with signs as (
    select
        *,
        lag(leader) over pair_days as leader_before
    from {{ ref('quality_gap_daily') }}
    where leader is not null
    window pair_days as (
        partition by measure, category, dimension, member, other_member order by date
    )
),

runs as (
    select
        *,
        count(*) filter (where leader is distinct from leader_before) over (
            partition by measure, category, dimension, member, other_member
            order by date
        ) as run
    from signs
),

spans as (
    select
        measure,
        category,
        dimension,
        member,
        other_member,
        run,
        any_value(leader) as leader,
        any_value(case when leader = member then other_member else member end) as previous_leader,
        min(date) as changed_date,
        max(date) as last_date,
        min(date) filter (where is_certain) as certain_date,
        max(date) filter (where is_certain) as last_certain_date,
        arg_min(case when leader = member then member_model else other_model end, date)
            as leading_model,
        arg_min(case when leader = member then other_model else member_model end, date)
            as passed_model,
        arg_min(gap_points, date) as gap_points,
        arg_min(gap_points_low, date) as gap_points_low,
        arg_min(gap_points_high, date) as gap_points_high,
        bool_or(is_hindsight) as is_hindsight,
        arg_min(licence, date) as licence,
        arg_min(citation, date) as citation,
        arg_min(origin, date) as origin,
        arg_min(answer_sha256, date) as answer_sha256
    from runs
    group by all
),

-- The newest run before this one in which a side led for certain.
before as (
    select
        *,
        lag(last_date) over pair_runs as date_before,
        last_value(case when certain_date is not null then leader end ignore nulls) over earlier
            as certain_leader_before,
        last_value(last_certain_date ignore nulls) over earlier as certain_until_date
    from spans
    window
        pair_runs as (partition by measure, category, dimension, member, other_member order by run),
        earlier as (
            partition by measure, category, dimension, member, other_member
            order by run
            rows between unbounded preceding and 1 preceding
        )
)

select
    measure,
    category,
    dimension,
    member,
    other_member,
    changed_date,
    date_before,
    leader,
    previous_leader,
    leading_model,
    passed_model,
    gap_points,
    gap_points_low,
    gap_points_high,
    coalesce(certain_date is not null and certain_leader_before <> leader, false) as is_certain,
    case when certain_date is not null and certain_leader_before <> leader then certain_until_date end
        as certain_after_date,
    case when certain_date is not null and certain_leader_before <> leader then certain_date end
        as certain_by_date,
    (last_date - changed_date + 1)::integer as days_led,
    is_hindsight,
    licence,
    citation,
    origin,
    answer_sha256
from before
where date_before is not null
