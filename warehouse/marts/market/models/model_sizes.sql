-- One row per model that the market knows: its total and active parameters, and how that is known.
--
-- The Hub's count of the files comes first, then ATOM's list, then the name of the repository, then the
-- market's name. A number is read from a name only as its maker writes it (30b-a3b); nothing else is
-- concluded, so a closed model's size is unknown. Active parameters are ATOM's, then those of names:
-- where both are silent the model may be dense or not. low and high are the ends of all that is stated;
-- more than five percent between them is a disagreement, which is stated.
with repositories as (
    select
        names.name,
        models.parameters,
        models.parameters_source,
        models.parameters_reason,
        -- What an adapter holds is not the model.
        coalesce(models.relation = 'adapter', false) as is_adapter
    from {{ ref('hub_names') }} as names
    inner join {{ ref('hub_models') }} as models
        using (hub_id)
),

atom as (
    select
        licence,
        citation
    from {{ ref('reference_sources') }}
    where source = 'atom_parameters'
),

known as (
    select
        models.*,
        repositories.name is not null as is_on_hub,
        repositories.parameters_reason,
        case when not repositories.is_adapter then repositories.parameters end as hub_parameters,
        case
            when not repositories.is_adapter and starts_with(repositories.parameters_source, 'files')
                then repositories.parameters
        end as counted_parameters,
        repositories.parameters_source,
        listed.total_parameters as listed_parameters,
        listed.active_parameters as listed_active,
        atom.licence,
        atom.citation,
        {{ named_parameters('models.hugging_face_id') }} as repository_parameters,
        {{ named_parameters('models.canonical_slug') }} as slug_parameters,
        {{ named_active_parameters('models.hugging_face_id') }} as repository_active,
        {{ named_active_parameters('models.canonical_slug') }} as slug_active
    from {{ ref('known_models') }} as models
    left join repositories
        on lower(models.hugging_face_id) = repositories.name
    left join {{ ref('listed_parameters') }} as listed
        on lower(models.hugging_face_id) = listed.hugging_face_id
    left join atom
        on true
),

sourced as (
    select
        *,
        case
            when counted_parameters is not null then 'hub'
            when listed_parameters is not null then 'atom'
            -- Of a copy the original's.
            when hub_parameters is not null and starts_with(parameters_source, 'atom') then 'atom'
            when hub_parameters is not null then 'repository name'
            -- Where the name of the repository is more than twice off its files, neither counts.
            when is_on_hub and repository_parameters is not null then null
            when repository_parameters is not null then 'repository name'
            when slug_parameters is not null then 'market name'
        end as total_source,
        case
            when total_source is not null
                then
                    coalesce(
                        counted_parameters,
                        listed_parameters,
                        hub_parameters,
                        repository_parameters,
                        slug_parameters
                    )
        end as total_parameters,
        [counted_parameters, listed_parameters, repository_parameters, slug_parameters] as stated,
        case when total_source is not null then list_min(stated) end as total_parameters_low,
        case when total_source is not null then list_max(stated) end as total_parameters_high,
        case
            -- More active parameters than there are can be none of the same model.
            when listed_active <= coalesce(total_parameters, listed_active) then 'atom'
            when repository_active is not null then 'repository name'
            when slug_active is not null then 'market name'
        end as active_source,
        case
            when active_source = 'atom' then listed_active
            else coalesce(repository_active, slug_active)
        end as active_parameters,
        coalesce(repository_active, slug_active) as named_active
    from known
)

select
    canonical_slug,
    variant,
    model_permaslug,
    hugging_face_id,
    total_parameters,
    total_parameters_low,
    total_parameters_high,
    active_parameters,
    {{ size_band('total_parameters') }} as size_band,
    total_source,
    active_source,
    case
        when total_source = 'hub' then 'counted'
        when total_source is not null then 'stated'
    end as confidence,
    case
        when total_source = 'hub'
            then parameters_source || ' of ' || hugging_face_id || ' on the Hub'
        when total_source = 'atom' and listed_parameters is null
            then 'the original of ' || hugging_face_id || ' in ATOM''s list of parameters'
        when total_source = 'atom' then hugging_face_id || ' in ATOM''s list of parameters'
        when total_source = 'repository name' then hugging_face_id
        when total_source = 'market name' then canonical_slug
    end as evidence,
    nullif(
        concat_ws(
            '; ',
            case
                when total_parameters_high > 1.05 * total_parameters_low
                    then
                        'in all ' || concat_ws(
                            ', ',
                            'hub ' || round(counted_parameters / 1e9, 1) || ' billion',
                            'atom ' || round(listed_parameters / 1e9, 1) || ' billion',
                            'repository name ' || round(repository_parameters / 1e9, 1) || ' billion',
                            'market name ' || round(slug_parameters / 1e9, 1) || ' billion'
                        )
            end,
            case
                when greatest(listed_active, named_active) > 1.05 * least(listed_active, named_active)
                    then
                        'active atom ' || round(listed_active / 1e9, 1) || ' billion, name '
                        || round(named_active / 1e9, 1) || ' billion'
            end,
            case
                when listed_active > total_parameters
                    then 'atom states ' || round(listed_active / 1e9, 1) || ' billion active, more than there are'
            end
        ),
        ''
    ) as disagreement,
    case when 'atom' in (total_source, active_source) then licence end as licence,
    case when 'atom' in (total_source, active_source) then citation end as citation,
    case
        when total_source is not null then null
        when is_on_hub then coalesce(parameters_reason, 'the repository holds an adapter alone')
        when hugging_face_id is not null
            then 'its repository was never captured, and neither a list nor a name states one number of parameters'
        else 'it has no repository, and its name states no single number of parameters'
    end as total_reason,
    case
        when active_source is null
            then 'neither a list nor a name states it, and without them it may be dense or not'
    end as active_reason
from sourced
order by canonical_slug, variant
