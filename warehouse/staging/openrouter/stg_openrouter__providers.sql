-- One row per content of providers and provider: a host's name, slug and the countries it reports.
select
    sha256 as answer_sha256,
    name as provider_name,
    slug as provider_slug,
    headquarters as headquarters_country,
    from_json(datacenters, '["varchar"]') as datacenter_countries
from {{ source('raw', 'providers') }}
where {{ is_known_content('sha256') }}
