-- One row per UTC day, target, model and layer with counted tokens: experts that it ever showed.
--
-- An expert that gets its first token later was there before, without any.
with sets as (
    select distinct
        target,
        model_name,
        layer,
        experts
    from {{ ref('experts_daily') }}
),

counts as (
    select
        target,
        model_name,
        layer,
        count(distinct expert) as experts
    from (
        select
            target,
            model_name,
            layer,
            unnest(experts) as expert
        from sets
    ) as shown
    group by all
)

select
    days.date,
    days.target,
    days.model_name,
    days.layer,
    counts.experts
from {{ ref('experts_daily') }} as days
inner join counts
    using (target, model_name, layer)
order by days.date, days.target, days.model_name, days.layer
