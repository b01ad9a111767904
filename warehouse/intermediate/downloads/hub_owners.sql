-- One row per namespace of the Hub whose lab is known: the lab, and its country.
--
-- Most are labs of the market under another name, and have the newest row of labs.
with newest_labs as (
    select *
    from {{ ref('labs') }}
    qualify row_number() over (partition by author_slug order by valid_from desc) = 1
)

select
    namespaces.namespace,
    coalesce(namespaces.author_slug, namespaces.namespace) as author_slug,
    coalesce(labs.lab, namespaces.lab, 'unknown') as lab,
    coalesce(labs.country, namespaces.country, 'unknown') as country
from {{ ref('hub_namespaces') }} as namespaces
left join newest_labs as labs
    using (author_slug)
