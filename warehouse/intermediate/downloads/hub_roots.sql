-- One row per kind of walk and model: where its bases end, or why that is not known.
with nodes as (
    select
        walk,
        hub_id,
        ancestor_id as node,
        steps
    from {{ ref('hub_ancestors') }}
    union all
    select
        kinds.walk,
        models.hub_id,
        models.hub_id as node,
        0 as steps
    from (select distinct hub_id from {{ ref('stg_huggingface__models') }}) as models
    cross join (values ('base'), ('copy')) as kinds (walk)
),

circles as (
    select distinct
        walk,
        hub_id as node
    from {{ ref('hub_ancestors') }}
    where hub_id = ancestor_id
),

edges as (
    select
        hub_id,
        bool_or(base_hub_id is not null) as has_base,
        bool_or(base_hub_id is not null and relation = 'quantized') as has_original,
        list(struct_pack(name := base_name, reason := missing_reason)) filter (where base_hub_id is null) as missing,
        list(struct_pack(name := base_name, reason := missing_reason)) filter (where base_hub_id is null and relation = 'quantized') as missing_originals,
        bool_or(relation is null) as is_unrelated
    from {{ ref('hub_bases') }}
    group by hub_id
),

names as (
    select
        hub_id,
        arg_max(model_id, fetched_at) as model_id
    from {{ ref('stg_huggingface__models') }}
    group by hub_id
),

unknown_bases as (
    select
        nodes.walk,
        nodes.hub_id,
        nodes.steps,
        unnest(case nodes.walk when 'base' then edges.missing else edges.missing_originals end) as base
    from nodes
    inner join edges
        on nodes.node = edges.hub_id
),

-- A node that leads nowhere is an end, and so is the name of a base that is not known.
ends as (
    select
        nodes.walk,
        nodes.hub_id,
        nodes.steps,
        names.model_id as end_name,
        null::varchar as missing_reason,
        -- Whether it is a copy cannot be known.
        nodes.walk = 'copy' and coalesce(edges.is_unrelated, false) as is_unrelated
    from nodes
    left join edges
        on nodes.node = edges.hub_id
    inner join names
        on nodes.node = names.hub_id
    where
        case nodes.walk
            when 'base' then not coalesce(edges.has_base or len(edges.missing) > 0, false)
            else not coalesce(edges.has_original or len(edges.missing_originals) > 0, false)
        end
    union all
    select
        walk,
        hub_id,
        steps,
        struct_extract(base, 'name') as end_name,
        struct_extract(base, 'reason') as missing_reason,
        false as is_unrelated
    from unknown_bases
),

reached as (
    select
        nodes.walk,
        nodes.hub_id,
        max(nodes.steps)::integer as steps,
        count(circles.node) > 0 as is_in_circle
    from nodes
    left join circles
        on
            nodes.walk = circles.walk
            and nodes.node = circles.node
    group by nodes.walk, nodes.hub_id
),

summed as (
    select
        walk,
        hub_id,
        list(distinct end_name order by end_name) as end_names,
        -- Of several the first by name is the one that a later run may mend.
        min(missing_reason) as missing_reason,
        bool_or(is_unrelated) as is_unrelated
    from ends
    group by walk, hub_id
)

select
    reached.walk,
    reached.hub_id,
    reached.steps,
    coalesce(summed.end_names, []) as end_names,
    case
        when reached.is_in_circle then 'bases in a circle'
        when reached.steps >= {{ var('hub_max_steps') }} then 'too many steps'
        when summed.missing_reason is not null then summed.missing_reason
        when summed.is_unrelated then 'relation not stated'
        when len(summed.end_names) > 1 then 'merge of several'
    end as reason
from reached
left join summed using (walk, hub_id)
