-- One row per model and stated base: the relation, and the base's id where the Hub answered with it.
with newest as (
    select *
    from {{ ref('stg_huggingface__models') }}
    qualify row_number() over (partition by hub_id order by fetched_at desc) = 1
),

stated as (
    select
        hub_id,
        relation,
        base_evidence,
        unnest(base_ids) as base_name
    from newest
)

select
    stated.hub_id,
    stated.base_name,
    stated.relation,
    stated.base_evidence,
    names.hub_id as base_hub_id,
    case when names.hub_id is null then coalesce(asked.reason, 'base not in the list') end as missing_reason
from stated
left join {{ ref('hub_names') }} as names
    on lower(stated.base_name) = names.name
left join {{ ref('stg_huggingface__repositories') }} as asked
    on lower(stated.base_name) = asked.name
