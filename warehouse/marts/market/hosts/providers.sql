-- One row per provider: a company that hosts models, with the countries it last reported.
--
-- Its countries are not the country of a lab.
select
    providers.provider_slug,
    providers.provider_name,
    providers.headquarters_country,
    providers.datacenter_countries,
    answers.captured_at,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    providers.answer_sha256
from {{ ref('stg_openrouter__providers') }} as providers
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        providers.answer_sha256 = answers.sha256
        and answers.source = 'providers'
qualify
    row_number() over (partition by providers.provider_slug order by answers.captured_at desc) = 1
order by providers.provider_slug
