-- One row per source, author or model, and field: what the source says of it.
--
-- Statements are evidence, not attribution: only the seeds and a repository in the catalogue
-- attribute. A model is matched by its name without date, if no other has that name; an author by its
-- name or namespace.
with headquarters as (
    select
        coalesce(own.author_slug, providers.provider_slug) as subject,
        providers.headquarters_country as value,
        'headquarters of ' || providers.provider_name as evidence,
        providers.captured_at as as_of,
        providers.origin,
        providers.answer_sha256
    from {{ ref('providers') }} as providers
    left join {{ ref('own_providers') }} as own
        using (provider_slug)
    where
        providers.headquarters_country is not null
        and coalesce(own.author_slug, providers.provider_slug) in (
            select names.author_slug from {{ ref('lab_names') }} as names
        )
),

regions as (
    select
        names.author_slug as subject,
        case listed.region when 'us' then 'US' when 'china' then 'CN' when 'eu' then 'Europe' end
            as value,
        'namespace ' || listed.hugging_face_author || ': region ' || listed.region
        || coalesce(' (' || listed.notes || ')', '') as evidence,
        newest.as_of,
        newest.origin,
        newest.answer_sha256
    from {{ ref('lab_names') }} as names
    inner join {{ ref('stg_references__organisation_regions') }} as listed
        using (hugging_face_author)
    inner join {{ ref('newest_references') }} as newest
        using (answer_sha256)
    where listed.region in ('us', 'china', 'eu')
),

notable as (
    select
        listed.*,
        newest.as_of,
        newest.origin,
        {{ name_key('listed.organisations') }} as organisation_key,
        {{ name_key('listed.model_name') }} as model_key
    from {{ ref('stg_references__notable_models') }} as listed
    inner join {{ ref('newest_references') }} as newest
        using (answer_sha256)
),

-- Only lines with one organisation and one country say whose country it is.
organisations as (
    select
        notable.organisation_key,
        any_value(notable.organisations) as organisation,
        any_value(countries.country) as country,
        any_value(notable.as_of) as as_of,
        any_value(notable.origin) as origin,
        any_value(notable.answer_sha256) as answer_sha256,
        count(*) as models
    from notable
    inner join {{ ref('reference_countries') }} as countries
        on notable.countries = countries.country_name
    where not contains(notable.organisations, ',')
    group by notable.organisation_key
    having count(distinct countries.country) = 1
),

seats as (
    select
        names.author_slug as subject,
        organisations.country as value,
        'organisation ' || organisations.organisation || ', of ' || organisations.models
        || ' notable models' as evidence,
        organisations.as_of,
        organisations.origin,
        organisations.answer_sha256
    from {{ ref('lab_names') }} as names
    inner join organisations
        on organisations.organisation_key in (names.slug_key, names.lab_key, names.display_key)
    qualify
        row_number() over (
            partition by names.author_slug
            order by
                organisations.organisation_key = names.lab_key desc nulls last,
                organisations.models desc,
                organisations.organisation_key
        ) = 1
),

named_models as (
    select
        model_base,
        unnest([
            {{ name_key(plain_model_name('model_name')) }},
            {{ name_key(name_without_date("split_part(model_base, '/', 2)")) }}
        ]) as model_key
    from {{ ref('models') }}
),

-- A name without its date that several of our models have does not say which of them is meant.
model_keys as (
    select
        model_key,
        any_value(model_base) as model_base
    from named_models
    group by model_key
    having count(distinct model_base) = 1
),

-- Two lines of one name that differ say nothing.
accessible as (
    select
        model_key,
        any_value(model_name) as model_name,
        any_value(organisations) as organisations,
        any_value(accessibility) as accessibility,
        any_value(as_of) as as_of,
        any_value(origin) as origin,
        any_value(answer_sha256) as answer_sha256
    from notable
    where accessibility is not null
    group by model_key
    having count(distinct starts_with(accessibility, 'Open weights')) = 1
),

openness as (
    select
        model_keys.model_base as subject,
        case when starts_with(accessible.accessibility, 'Open weights') then 'open' else 'closed' end
            as value,
        'model ' || accessible.model_name || ' of ' || accessible.organisations || ': '
        || accessible.accessibility as evidence,
        accessible.as_of,
        accessible.origin,
        accessible.answer_sha256
    from model_keys
    inner join accessible
        using (model_key)
    -- A model may match by its catalogue name and by its slug.
    qualify row_number() over (partition by model_keys.model_base order by accessible.model_key) = 1
),

-- The Hub lists repositories whose files people can fetch; what they may do with them is the licence.
hosted as (
    select
        models.model_base as subject,
        'open' as value,
        'repository ' || hub.model_id || ' on the Hub, '
        || coalesce('licence ' || hub.weights_licence, 'without a licence') as evidence,
        hub.counted_on::timestamptz as as_of,
        hub.origin,
        hub.answer_sha256
    from {{ ref('models') }} as models
    inner join {{ ref('hub_names') }} as names
        on lower(models.hugging_face_id) = names.name
    inner join {{ ref('hub_models') }} as hub
        on names.hub_id = hub.hub_id
    qualify row_number() over (partition by models.model_base order by hub.model_id) = 1
),

-- The licence of a leaderboard's line: a named one is of weights that are published.
licensed as (
    select
        model_base as subject,
        weights as value,
        'model ' || model_name || coalesce(' of ' || organization, '') || ': licence ' || license as evidence,
        captured_at as as_of,
        case when origin = 'simulated' then 'simulated' else 'data_api' end as origin,
        answer_sha256
    from {{ ref('arena_licences') }}
),

repositories as (
    select
        models.model_base as subject,
        'open' as value,
        'repository ' || any_value(models.hugging_face_id) || ' on Hugging Face' as evidence
    from {{ ref('models') }} as models
    where models.hugging_face_id is not null
    group by models.model_base
),

statements as (
    select
        'openrouter_providers' as source,
        'author' as subject_kind,
        'country' as field,
        headquarters.*
    from headquarters
    qualify
        row_number() over (
            partition by headquarters.subject order by headquarters.as_of desc, headquarters.value
        ) = 1
    union all by name
    select
        'atom_regions' as source,
        'author' as subject_kind,
        'country' as field,
        regions.*
    from regions
    union all by name
    select
        'epoch_models' as source,
        'author' as subject_kind,
        'country' as field,
        seats.*
    from seats
    union all by name
    select
        'epoch_models' as source,
        'model' as subject_kind,
        'weights' as field,
        openness.*
    from openness
    union all by name
    select
        'hub_models' as source,
        'model' as subject_kind,
        'weights' as field,
        hosted.*
    from hosted
    union all by name
    select
        'arena' as source,
        'model' as subject_kind,
        'weights' as field,
        licensed.*
    from licensed
    union all by name
    select
        'openrouter_models' as source,
        'model' as subject_kind,
        'weights' as field,
        repositories.*
    from repositories
)

select
    statements.source,
    statements.subject_kind,
    statements.subject,
    statements.field,
    statements.value,
    statements.evidence,
    sources.licence,
    sources.citation,
    statements.as_of,
    statements.origin,
    statements.answer_sha256
from statements
inner join {{ ref('reference_sources') }} as sources
    using (source)
order by statements.subject_kind, statements.subject, statements.field, statements.source
