-- One row per kind of walk, model, ancestor and number of steps to it: `base` follows every base,
-- `copy` only from a quantised model to what it is a copy of.
--
-- A walk ends after a number of steps that no honest tree has, so a circle costs no more than that.
with recursive edges as (
    select
        kinds.walk,
        bases.hub_id,
        bases.base_hub_id
    from {{ ref('hub_bases') }} as bases
    inner join (values ('base'), ('copy')) as kinds (walk)
        on kinds.walk = 'base' or bases.relation = 'quantized'
    where bases.base_hub_id is not null
),

ancestors as (
    select
        walk,
        hub_id,
        base_hub_id as ancestor_id,
        1 as steps
    from edges
    union
    select
        ancestors.walk,
        ancestors.hub_id,
        edges.base_hub_id as ancestor_id,
        ancestors.steps + 1 as steps
    from ancestors
    inner join edges
        on
            ancestors.walk = edges.walk
            and ancestors.ancestor_id = edges.hub_id
    where ancestors.steps < {{ var('hub_max_steps') }}
)

select *
from ancestors
