-- One row per kind of walk and model: the lab, country and family of where its bases end, as far as
-- all ends agree; unknown with a reason otherwise.
--
-- A base that is not in the list may have a base itself, and an account that is no lab of ours
-- may have copied what it does not say. Both are unknown, never guessed.
with ends as (
    select
        walk,
        hub_id,
        reason,
        unnest(case when len(end_names) = 0 then [null] else end_names end)::varchar as end_name
    from {{ ref('hub_roots') }}
),

owned as (
    select
        ends.walk,
        ends.hub_id,
        ends.reason,
        ends.end_name,
        case when coalesce(ends.reason, 'merge of several') = 'merge of several' then owners.author_slug end
            as author_slug,
        case when coalesce(ends.reason, 'merge of several') = 'merge of several' then owners.lab end as lab,
        case when coalesce(ends.reason, 'merge of several') = 'merge of several' then owners.country end
            as country
    from ends
    left join {{ ref('hub_owners') }} as owners
        on lower(split_part(ends.end_name, '/', 1)) = owners.namespace
),

families as (
    select distinct
        owned.end_name,
        arg_max(families.family, length(families.name_prefix)) over (partition by owned.end_name) as family
    from owned
    inner join {{ ref('hub_families') }} as families
        on
            lower(split_part(owned.end_name, '/', 1)) = families.namespace
            and starts_with(lower(split_part(owned.end_name, '/', 2)), coalesce(families.name_prefix, ''))
),

agreed as (
    select
        owned.walk,
        owned.hub_id,
        any_value(owned.reason) as reason,
        case when count(*) = 1 then any_value(owned.end_name) end as end_name,
        count(distinct coalesce(owned.author_slug, '?')) = 1 as is_one_author,
        count(distinct coalesce(owned.lab, '?')) = 1 as is_one_lab,
        count(distinct coalesce(owned.country, '?')) = 1 as is_one_country,
        count(distinct coalesce(families.family, '?')) = 1 as is_one_family,
        any_value(owned.author_slug) as author_slug,
        any_value(owned.lab) as lab,
        any_value(owned.country) as country,
        any_value(families.family) as family
    from owned
    left join families using (end_name)
    group by owned.walk, owned.hub_id
)

select
    walk,
    hub_id,
    end_name,
    case when is_one_author then author_slug end as author_slug,
    coalesce(case when is_one_lab then lab end, 'unknown') as lab,
    coalesce(case when is_one_country then country end, 'unknown') as country,
    coalesce(
        case when coalesce(reason, 'merge of several') = 'merge of several' and is_one_family then family end,
        'unknown'
    ) as family,
    coalesce(
        reason,
        case when lab is null then 'account of no known lab' end
    ) as reason
from agreed
