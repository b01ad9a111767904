-- One row per source and name of a model: its id in the market, and how certain that is.
with ids as (
    select distinct model_id_base
    from {{ ref('catalogue_ids') }}
),

names as (
    select
        measure as source,
        model_name as source_name,
        organization,
        effort,
        model_id,
        candidates,
        resolved_by
    from {{ ref('measured_models') }}
    union all by name
    select distinct
        'openrouter_benchmarks' as source,
        benchmarks.model_id as source_name,
        ids.model_id_base as model_id,
        case when ids.model_id_base is null then 0 else 1 end as candidates,
        case when ids.model_id_base is null then 'unresolved' else 'name' end as resolved_by
    from {{ ref('model_benchmarks') }} as benchmarks
    left join ids
        on split_part(benchmarks.model_id, ':', 1) = ids.model_id_base
    union all by name
    select
        'hugging_face' as source,
        hugging_face_id as source_name,
        case when count(distinct model_id_base) = 1 then any_value(model_id_base) end as model_id,
        count(distinct model_id_base) as candidates,
        case when count(distinct model_id_base) = 1 then 'name' else 'several' end as resolved_by
    from {{ ref('catalogue_ids') }}
    where hugging_face_id is not null
    group by hugging_face_id
)

select
    source,
    source_name,
    organization,
    effort,
    model_id,
    candidates::integer as candidates,
    resolved_by,
    case
        when model_id is null then 'open'
        when resolved_by = 'preview' then 'probable'
        -- An id without a date is one of the dated models at a time; which one is not known.
        when
            contains(resolved_by, 'date')
            and candidates = 1
            and count(*) over (partition by source, model_id, resolved_by) > 1
            then 'probable'
        else 'certain'
    end as confidence
from names
