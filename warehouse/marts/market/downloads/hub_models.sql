-- One row per model of the Hub that was ever counted: what it is, and whose.
--
-- Its lab is three: the publisher's account, the lab that released what it is a copy of, and the lab of
-- the base that it goes back to.
with newest as (
    select
        *,
        min(fetched_at) over (partition by hub_id) as first_seen_at
    from {{ ref('stg_huggingface__models') }}
    qualify row_number() over (partition by hub_id order by fetched_at desc) = 1
),

former as (
    select
        models.hub_id,
        list(distinct models.model_id order by models.model_id) as former_ids
    from {{ ref('stg_huggingface__models') }} as models
    inner join newest
        on
            models.hub_id = newest.hub_id
            and models.model_id <> newest.model_id
    group by models.hub_id
),

counters as (
    select
        hub_id,
        arg_max(model_id, date) as model_id,
        max(date) as counted_on,
        arg_max(downloads_all_time, date) filter (where downloads_all_time > 0) as downloads_all_time,
        arg_max(downloads_30d, date) as downloads_30d,
        arg_max(likes, date) as likes,
        arg_max(origin, date) as origin,
        arg_max(source, date) as source,
        arg_max(answer_sha256, date) as answer_sha256
    from {{ ref('hub_counters_daily') }}
    group by hub_id
    union all by name
    -- Of a file of counts by day nothing but the name is known.
    select
        coalesce(names.hub_id, 'name:' || lower(history.name)) as hub_id,
        any_value(history.name) as model_id,
        max(history.date) as counted_on,
        arg_max(case when history.origin = 'simulated' then 'simulated' else 'archive' end, history.date)
            as origin,
        'history' as source,
        arg_max(history.answer_sha256, history.date) as answer_sha256
    from {{ ref('stg_huggingface__history') }} as history
    left join {{ ref('hub_names') }} as names
        on lower(history.name) = names.name
    where
        history.grain = 'model'
        and history.figure = 'daily'
    group by coalesce(names.hub_id, 'name:' || lower(history.name))
),

counted as (
    select *
    from counters
    -- A model of both has the row with counters.
    qualify row_number() over (partition by hub_id order by source = 'history', counted_on desc) = 1
),

scopes as (
    select
        counted.hub_id,
        min(scopes.kind) as out_of_scope
    from counted
    inner join {{ ref('hub_out_of_scope') }} as scopes
        on regexp_matches(lower(counted.model_id), scopes.pattern)
    group by counted.hub_id
),

-- The count of a model's own files comes first, then that of what it is a copy of; then ATOM's list, of
-- the model or of what it is a copy of; then its name. Where files and the name contradict each other,
-- the list decides. An adapter's name and list state the size of the model that it adapts.
sizes as (
    select
        counted.hub_id,
        coalesce(newest.parameters, originals.parameters) as counted_parameters,
        case
            when coalesce(newest.relation, '') <> 'adapter'
                then {{ named_parameters('counted.model_id') }}
        end as named_parameters,
        case when coalesce(newest.relation, '') <> 'adapter' then listed.total_parameters end as own_listed,
        {{ differ_in_size('counted_parameters', 'named_parameters') }} as is_contradicted,
        case
            when newest.parameters is not null and not is_contradicted then 'files'
            when counted_parameters is not null and not is_contradicted then 'files of the original'
            when own_listed is not null then 'atom'
            when listed_originals.total_parameters is not null then 'atom, of the original'
            when named_parameters is not null and not is_contradicted then 'name'
        end as size_source,
        case
            when starts_with(size_source, 'files') then counted_parameters
            when size_source = 'atom' then own_listed
            when size_source = 'name' then named_parameters
            when size_source is not null then listed_originals.total_parameters
        end as total
    from counted
    left join newest using (hub_id)
    left join {{ ref('hub_ends') }} as copies
        on
            counted.hub_id = copies.hub_id
            and copies.walk = 'copy'
    left join {{ ref('hub_names') }} as original_names
        on lower(copies.end_name) = original_names.name
    left join newest as originals
        on original_names.hub_id = originals.hub_id
    left join {{ ref('listed_parameters') }} as listed
        on lower(counted.model_id) = listed.hugging_face_id
    left join {{ ref('listed_parameters') }} as listed_originals
        on
            lower(copies.end_name) = listed_originals.hugging_face_id
            and newest.relation = 'quantized'
)

select
    counted.hub_id,
    counted.model_id,
    former.former_ids,
    case when contains(counted.model_id, '/') then split_part(counted.model_id, '/', 1) end as publisher,
    coalesce(publishers.lab, 'unknown') as publisher_lab,
    coalesce(publishers.country, 'unknown') as publisher_country,
    newest.pipeline_tag,
    newest.created_at,
    newest.first_seen_at,
    case when len(newest.base_ids) > 0 then coalesce(newest.relation, 'unknown') end as relation,
    newest.base_evidence,
    newest.base_ids,
    case when newest.hub_id is null then 'never captured' else copies.reason end as releasing_reason,
    copies.end_name as original_id,
    copies.author_slug as releasing_author_slug,
    coalesce(copies.lab, 'unknown') as releasing_lab,
    coalesce(copies.country, 'unknown') as releasing_country,
    coalesce(copies.family, 'unknown') as releasing_family,
    case when newest.hub_id is null then 'never captured' else bases.reason end as base_reason,
    bases.end_name as root_id,
    bases.author_slug as base_author_slug,
    coalesce(bases.lab, 'unknown') as base_lab,
    coalesce(bases.country, 'unknown') as base_country,
    coalesce(bases.family, 'unknown') as family,
    case
        when newest.format = 'none' and newest.relation = 'quantized' then 'unknown'
        else coalesce(newest.format, 'unknown')
    end as quantisation,
    sizes.total as parameters,
    sizes.size_source as parameters_source,
    case when starts_with(sizes.size_source, 'atom') then atom.citation end as parameters_citation,
    case
        when sizes.size_source is not null then null
        when sizes.is_contradicted
            then
                format(
                    'files hold {:.3g} billion, the name states {:.3g} billion',
                    sizes.counted_parameters / 1e9,
                    sizes.named_parameters / 1e9
                )
        else 'neither files, ATOM''s list nor the name state one number of parameters'
    end as parameters_reason,
    {{ size_band('sizes.total') }} as size_band,
    newest.licence as weights_licence,
    scopes.out_of_scope,
    counted.downloads_all_time,
    counted.downloads_30d,
    counted.likes,
    counted.counted_on,
    counted.origin,
    counted.answer_sha256
from counted
left join newest using (hub_id)
left join former using (hub_id)
left join scopes using (hub_id)
left join {{ ref('hub_owners') }} as publishers
    on lower(split_part(counted.model_id, '/', 1)) = publishers.namespace
left join {{ ref('hub_ends') }} as copies
    on
        counted.hub_id = copies.hub_id
        and copies.walk = 'copy'
left join {{ ref('hub_ends') }} as bases
    on
        counted.hub_id = bases.hub_id
        and bases.walk = 'base'
left join sizes
    on counted.hub_id = sizes.hub_id
left join {{ ref('reference_sources') }} as atom
    on atom.source = 'atom_parameters'
order by counted.hub_id
