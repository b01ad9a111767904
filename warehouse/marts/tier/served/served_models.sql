-- One row per target and model that it serves or should serve: its public name and its market name.
--
-- Names are tried as they are first, then without the endings that state the quantisation of the
-- weights. For accounts that republish other labs' weights, they are tried under any author last. A
-- name that fits two families, or none, stays unresolved, with its reason.
with served as (
    select
        target,
        model_name
    from {{ ref('served_series_daily') }}
    where metric in ('prompt_tokens', 'generation_tokens', 'requests_finished')
    union
    select
        target,
        model_name
    from {{ ref('requested_models_daily') }}
    union
    select
        target,
        model_name
    from {{ ref('stg_telemetry__model_names') }}
),

-- The name in the tier file may be any of the market's names; the served name counts where the file
-- has none.
named as (
    select
        served.target,
        served.model_name,
        names.known_as,
        lower(coalesce(names.known_as, served.model_name)) as name,
        {{ weights_base_name('coalesce(names.known_as, served.model_name)') }} as base_name,
        -- A tier file may map to the base as well as to the copy, so the served name may say more.
        coalesce(
            {{ weights_quantization('names.known_as') }},
            {{ weights_quantization('served.model_name') }}
        ) as quantization
    from served
    left join {{ ref('stg_telemetry__model_names') }} as names
        using (target, model_name)
),

newest_stacks as (
    select *
    from {{ ref('stack_versions_daily') }}
    where dtype is not null or quantization is not null
    qualify row_number() over (partition by target order by last_at desc, labels) = 1
),

-- The tier file, and the server's own page, state the format of the weights where the name cannot:
-- a server may quantise what it loads.
stated as (
    select distinct
        named.target,
        {{ stated_quantization('tier.quantization') }} as tier_quantization,
        {{ stated_quantization('stacks.quantization') }} as server_quantization,
        {{ stated_quantization('stacks.dtype') }} as server_dtype
    from named
    left join {{ ref('stg_telemetry__targets') }} as tier
        on named.target = tier.target
    left join newest_stacks as stacks
        on named.target = stacks.target
),

-- All weights that a server states, in billions.
sizes as (
    select
        target,
        model_name,
        arg_max(last_value, last_at) / 1e9 as billions
    from {{ ref('last_gauges_daily') }}
    where metric = 'parameters' and is_positive
    group by all
),

market_names as (
    select
        known.*,
        names.resolved_by,
        names.priority,
        names.name
    from {{ ref('known_models') }} as known,
        lateral (
            values
            ('model_permaslug', 1, lower(known.model_permaslug)),
            ('canonical_slug', 2, lower(known.canonical_slug)),
            ('model_id', 3, lower(known.model_id)),
            ('hugging_face_id', 4, lower(known.hugging_face_id))
        ) as names (resolved_by, priority, name)
    where names.name is not null
),

fitting as (
    select
        named.target,
        named.model_name,
        market_names.* exclude (name)
    from named
    inner join market_names
        using (name)
    union all by name
    select
        named.target,
        named.model_name,
        market_names.* exclude (name, priority, resolved_by), -- noqa: RF02
        10 + market_names.priority as priority,
        'base name' as resolved_by
    from named
    inner join market_names
        on named.base_name = market_names.name
    where named.base_name <> named.name
    union all by name
    select
        named.target,
        named.model_name,
        market_names.* exclude (name, priority, resolved_by), -- noqa: RF02
        20 as priority,
        'base name of a re-publisher' as resolved_by
    from named
    inner join {{ ref('weight_republishers') }} as republishers
        on split_part(named.name, '/', 1) = republishers.hugging_face_author
    inner join market_names
        on split_part(named.base_name, '/', 2) = split_part(market_names.name, '/', 2)
    where market_names.resolved_by = 'hugging_face_id'
),

best as (
    select *
    from fitting
    qualify priority = min(priority) over (partition by target, model_name)
),

fit_counts as (
    select
        target,
        model_name,
        count(distinct canonical_slug) as slugs,
        count(distinct model_family) as families,
        count(distinct lower(hugging_face_id)) as repositories,
        string_agg(distinct canonical_slug, ', ' order by canonical_slug) as all_slugs,
        any_value(priority) as priority
    from best
    group by all
),

matched as (
    select best.*
    from best
    inner join fit_counts
        using (target, model_name)
    where
        fit_counts.families = 1
        and (fit_counts.repositories <= 1 or fit_counts.priority < 20)
    -- The same weights rank under several names; the newest plain one is what the market serves
    -- now.
    qualify
        row_number() over (
            partition by best.target, best.model_name
            order by
                best.variant = 'standard' desc,
                best.last_ranked_date desc nulls last,
                best.model_permaslug,
                best.canonical_slug desc
        ) = 1
)

select
    named.target,
    named.model_name,
    named.known_as,
    matched.hugging_face_id,
    -- A copy, by the name that fitted, or by the served name where the tier file maps it to the
    -- base.
    case
        when
            matched.priority > 10 and lower(matched.hugging_face_id) <> named.name
            or named.quantization
            <> coalesce({{ weights_quantization('matched.hugging_face_id') }}, 'as released')
            then matched.hugging_face_id
    end as base_hugging_face_id,
    coalesce(
        stated.tier_quantization,
        stated.server_quantization,
        named.quantization,
        stated.server_dtype
    ) as weights_quantization,
    case
        when stated.tier_quantization is not null then 'tier file'
        when stated.server_quantization is not null then 'server'
        when named.quantization is not null then 'name'
        when stated.server_dtype is not null then 'server'
    end as quantization_basis,
    matched.canonical_slug,
    matched.model_permaslug,
    matched.model_id,
    matched.model_family,
    coalesce(matched.resolved_by, 'unresolved') as resolved_by,
    case
        when matched.target is null and named.model_name = 'unknown' and named.known_as is null
            then 'the server does not say what it serves'
        when matched.target is null and fit_counts.slugs is null
            then 'the market knows no model of this name, with or without its ending'
        when matched.target is null
            then
                format(
                    '{:d} models of the market fit ({}); name one in model_map',
                    fit_counts.slugs,
                    fit_counts.all_slugs
                )
        when fit_counts.slugs > 1
            then
                format(
                    '{:d} models of one family have these weights ({}); the newest plain one '
                    || 'is meant',
                    fit_counts.slugs,
                    fit_counts.all_slugs
                )
        when matched.model_permaslug is null
            then 'in the catalogue, but it never ranked in the top 50'
    end as reason,
    -- A cost or a speed beside the market's is one of the same model only.
    case
        when matched.target is null then null
        when
            abs(
                ln(coalesce(sizes.billions, {{ stated_billions('named.model_name') }}))
                - ln({{ stated_billions('coalesce(matched.model_permaslug, matched.canonical_slug)') }})
            ) > 0.3
            then
                format(
                    'model_map leads from {:.3g} billion parameters to {:.3g} billion: figures '
                    || 'beside the market are of another model',
                    coalesce(sizes.billions, {{ stated_billions('named.model_name') }}),
                    {{ stated_billions('coalesce(matched.model_permaslug, matched.canonical_slug)') }}
                )
        when
            {{ vocabulary_family('named.model_name') }}
            <> {{ vocabulary_family('coalesce(matched.model_permaslug, matched.canonical_slug)') }}
            and not contains(
                lower(coalesce(matched.model_permaslug, matched.canonical_slug)),
                {{ vocabulary_family('named.model_name') }}
            )
            and not contains(
                lower(named.model_name), {{ vocabulary_family('coalesce(matched.model_permaslug, matched.canonical_slug)') }}
            )
            then
                format(
                    'model_map leads from {} to {}, whose tokens are of another vocabulary',
                    {{ vocabulary_family('named.model_name') }},
                    {{ vocabulary_family('coalesce(matched.model_permaslug, matched.canonical_slug)') }}
                )
    end as mapping_warning,
    coalesce(targets.service, named.target) as service
from named
left join matched
    using (target, model_name)
left join fit_counts
    using (target, model_name)
left join stated
    using (target)
left join sizes
    using (target, model_name)
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
order by named.target, named.model_name
