-- One row per target and model that it serves or is said to serve: the name by which others know it, and what the market calls it.
with served as (
    select
        target,
        model_name
    from {{ ref('stg_telemetry__counters') }}
    where metric in ('prompt_tokens', 'generation_tokens', 'requests_finished')
    union
    select
        target,
        model_name
    from {{ ref('stg_telemetry__requests') }}
    union
    select
        target,
        model_name
    from {{ ref('stg_telemetry__model_names') }}
),

-- The name that the tier file gives may be any of those that the market has; the served one counts too, where no other is given.
named as (
    select
        served.target,
        served.model_name,
        names.known_as,
        coalesce(names.known_as, served.model_name) as name
    from served
    left join {{ ref('stg_telemetry__model_names') }} as names
        on
            served.target = names.target
            and served.model_name = names.model_name
),

matched as (
    select
        named.target,
        named.model_name,
        models.hugging_face_id,
        models.model_permaslug,
        models.model_id,
        models.model_family
    from named
    inner join {{ ref('models') }} as models
        on lower(named.name) in (
            lower(models.hugging_face_id),
            lower(models.model_permaslug),
            lower(models.model_base),
            lower(models.model_id)
        )
    -- The same weights rank under several names; the newest plain one is what the market serves now.
    qualify
        row_number() over (
            partition by named.target, named.model_name
            order by models.variant = 'standard' desc, models.last_ranked_date desc, models.model_permaslug
        ) = 1
)

select
    named.target,
    named.model_name,
    named.known_as,
    matched.hugging_face_id,
    matched.model_permaslug,
    matched.model_id,
    matched.model_family
from named
left join matched
    on
        named.target = matched.target
        and named.model_name = matched.model_name
order by named.target, named.model_name
