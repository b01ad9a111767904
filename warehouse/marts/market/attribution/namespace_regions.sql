-- One row per namespace of the Hub that ATOM's list or ours have: the region by each, and whether they agree.
--
-- Ours is that of the country in hub_namespaces, or in labs where an author of the market has the
-- namespace. Regions are ATOM's: us, china, eu (all of Europe), other. A difference is evidence for who
-- curates the seeds; nothing is taken over. Without ATOM's list there is nothing to compare, and no row.
with listed as (
    select
        regions.hugging_face_author as namespace,
        any_value(regions.region) as region,
        any_value(regions.notes) as notes
    from {{ ref('stg_references__organisation_regions') }} as regions
    inner join {{ ref('newest_references') }} as newest
        using (answer_sha256)
    where newest.source = 'atom_regions'
    group by regions.hugging_face_author
),

newest_labs as (
    select *
    from {{ ref('labs') }}
    qualify row_number() over (partition by author_slug order by valid_from desc) = 1
),

owned as (
    select
        owners.namespace,
        owners.author_slug,
        owners.lab,
        owners.country,
        case when labs.country is null then 'hub_namespaces' else 'labs' end as seed,
        coalesce(labs.evidence, namespaces.evidence) as evidence
    from {{ ref('hub_owners') }} as owners
    inner join {{ ref('hub_namespaces') }} as namespaces
        using (namespace)
    left join newest_labs as labs
        on owners.author_slug = labs.author_slug
    union all by name
    -- Of the market's authors those that ATOM has: a slug alone need not be a namespace.
    select
        names.hugging_face_author as namespace,
        labs.author_slug,
        labs.lab,
        labs.country,
        'labs' as seed,
        labs.evidence
    from {{ ref('lab_names') }} as names
    inner join newest_labs as labs
        on names.author_slug = labs.author_slug
    where
        names.hugging_face_author in (select listed.namespace from listed)
        and names.hugging_face_author not in (
            select namespaces.namespace from {{ ref('hub_namespaces') }} as namespaces
        )
    qualify
        row_number() over (
            partition by names.hugging_face_author
            order by names.author_slug = names.hugging_face_author desc, names.author_slug
        ) = 1
),

ours as (
    select
        owned.*,
        case
            when owned.country = 'unknown' then 'unknown'
            when owned.country = 'US' then 'us'
            when owned.country = 'CN' then 'china'
            when countries.is_in_europe then 'eu'
            else 'other'
        end as region
    from owned
    left join {{ ref('reference_countries') }} as countries
        on owned.country = countries.country
),

published as (
    select
        lower(publisher) as namespace,
        count(*)::integer as models,
        sum(downloads_all_time)::bigint as downloads_all_time
    from {{ ref('hub_models') }}
    where publisher is not null
    group by lower(publisher)
),

compared as (
    select
        namespace,
        ours.author_slug,
        ours.lab,
        ours.country,
        ours.seed,
        ours.evidence,
        ours.region as our_region,
        listed.region as atom_region,
        listed.notes as atom_notes,
        case
            when listed.region is null then 'not in their list'
            when ours.region is null then 'not in ours'
            when listed.region not in ('us', 'china', 'eu', 'other') then 'unknown to them'
            when ours.region = 'unknown' then 'unknown to us'
            when ours.region = listed.region then 'agrees'
            else 'differs'
        end as comparison
    from listed
    full outer join ours
        using (namespace)
)

select
    compared.namespace,
    compared.comparison,
    compared.our_region,
    compared.atom_region,
    compared.author_slug,
    compared.lab,
    compared.country,
    compared.seed,
    compared.evidence,
    compared.atom_notes,
    coalesce(published.models, 0) as models,
    published.downloads_all_time,
    sources.licence,
    sources.citation,
    newest.as_of,
    newest.origin,
    newest.answer_sha256
from compared
left join published
    using (namespace)
inner join {{ ref('newest_references') }} as newest
    on newest.source = 'atom_regions'
inner join {{ ref('reference_sources') }} as sources
    on newest.source = sources.source
order by compared.comparison, published.downloads_all_time desc nulls last, compared.namespace
