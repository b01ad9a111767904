-- One row per target, model not found in the market, and place: the market's nearest names.
--
-- A hint for model_map, not a finding.
with unresolved as (
    select
        target,
        model_name,
        service,
        {{ weights_base_name("coalesce(known_as, model_name)") }} as base_name
    from {{ ref('served_models') }}
    where
        resolved_by = 'unresolved'
        and (model_name <> 'unknown' or known_as is not null)
),

-- Author names differ between servers and the market, so only the part after the last slash is
-- compared.
market_names as (
    select
        known.canonical_slug,
        known.model_permaslug,
        known.hugging_face_id,
        names.name
    from {{ ref('known_models') }} as known,
        lateral (
            values
            (split_part(lower(known.hugging_face_id), '/', -1)),
            (split_part(lower(known.model_id), '/', -1)),
            (split_part({{ model_family_by_rule('lower(known.canonical_slug)') }}, '/', -1))
        ) as names (name)
    where
        names.name is not null
        and known.variant = 'standard'
),

alike as (
    select
        unresolved.target,
        unresolved.model_name,
        market_names.canonical_slug,
        any_value(market_names.model_permaslug) as candidate_permaslug,
        any_value(unresolved.service) as service,
        any_value(market_names.hugging_face_id) as candidate_hugging_face_id,
        max(jaro_winkler_similarity(split_part(unresolved.base_name, '/', -1), market_names.name))
            as similarity
    from unresolved
    cross join market_names
    group by all
)

select
    target,
    model_name,
    row_number() over (
        partition by target, model_name
        order by similarity desc, canonical_slug
    )::integer as place,
    canonical_slug as candidate_canonical_slug,
    candidate_permaslug,
    candidate_hugging_face_id,
    similarity,
    case
        when similarity = 1 then 'the same name, by another author or of several models'
        else 'alike in name only'
    end as reason,
    service
from alike
where similarity >= 0.8
qualify
    row_number() over (partition by target, model_name order by similarity desc, canonical_slug)
    <= 3
order by target, model_name, place
