-- One row per seeded change of the lead, and per stated one that nobody planted: whether the two days of a
-- certain change hold the planted one. A change that is not certain states no days.
with planted_days as (
    select
        measure,
        step,
        date '2026-01-05' + 7 * unnest(change_weeks) as changed_on
    from planted
),

certain as (
    select
        changes.measure,
        changes.certain_after_date,
        changes.certain_by_date,
        planted.step
    from marts.quality_lead_changes as changes
    inner join planted using (measure)
    where changes.is_certain
)

select
    if(
        coalesce(planted_days.step, certain.step) < 20,
        'models 5 to 20 points apart',
        'models 20 to 60 points apart'
    ) as how,
    certain.measure is not null as is_stated,
    planted_days.measure is not null as is_held
from planted_days
full join certain
    on
        planted_days.measure = certain.measure
        and planted_days.changed_on > certain.certain_after_date
        and planted_days.changed_on <= certain.certain_by_date
