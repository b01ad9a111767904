-- One row per UTC day, model id and kind of price, in USD per million tokens.
--
-- list: the price of the lab's own endpoint, or, if we saw none, the catalogue's price of the day;
-- cheapest: the host with the lowest sum of prompt and completion price; modal: the pair of prices
-- that most hosts ask.
with endpoints_of_day as (
    select
        captured_at::date as date,
        model_id,
        provider_slug,
        provider_name,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        captured_at,
        origin,
        answer_sha256
    from {{ ref('endpoint_speed') }}
    where
        prompt_usd_per_mtok is not null
        and completion_usd_per_mtok is not null
        and model_id is not null
        -- A negative status means out of service or held back; such a price is not on offer.
        and coalesce(status, 0) >= 0
    -- One sample a day, at the hour of the catalogue's sample.
    qualify
        dense_rank() over (
            partition by captured_at::date, model_id
            order by
                hour(captured_at) < 8,
                case when hour(captured_at) < 8 then -epoch(captured_at) else epoch(captured_at) end
        ) = 1
),

own as (
    select
        hosts.*,
        'list' as kind,
        'own endpoint' as price_basis
    from endpoints_of_day as hosts
    left join {{ ref('own_providers') }} as same
        on
            hosts.provider_slug = same.provider_slug
            and split_part(hosts.model_id, '/', 1) = same.author_slug
    where
        same.provider_slug is not null
        or hosts.provider_slug = split_part(hosts.model_id, '/', 1)
    qualify
        row_number() over (
            partition by hosts.date, hosts.model_id
            order by hosts.prompt_usd_per_mtok + hosts.completion_usd_per_mtok, hosts.provider_name
        ) = 1
),

catalogue as (
    select
        date,
        model_id,
        null as provider_slug,
        null as provider_name,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        captured_at,
        case when is_simulated then 'simulated' else 'data_api' end as origin,
        answer_sha256,
        'list' as kind,
        'catalogue' as price_basis
    from {{ ref('catalogue_daily') }}
    where
        prompt_usd_per_mtok is not null
        and completion_usd_per_mtok is not null
),

cheapest as (
    select
        *,
        'cheapest' as kind,
        'cheapest host' as price_basis
    from endpoints_of_day
    qualify
        row_number() over (
            partition by date, model_id
            order by prompt_usd_per_mtok + completion_usd_per_mtok, provider_name
        ) = 1
),

modal as (
    select
        *,
        'modal' as kind,
        'most common pair of prices' as price_basis
    from (
        select
            *,
            count(distinct provider_name)
                over (partition by date, model_id, prompt_usd_per_mtok, completion_usd_per_mtok)
                as hosts_at_price
        from endpoints_of_day
    ) as counted
    qualify
        row_number() over (
            partition by date, model_id
            order by
                hosts_at_price desc, prompt_usd_per_mtok + completion_usd_per_mtok, provider_name
        ) = 1
),

priced as (
    select * from own
    union all by name
    select * from catalogue
    union all by name
    select * from cheapest
    union all by name
    select * exclude (hosts_at_price) from modal
)

select
    date,
    model_id,
    kind,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    cached_usd_per_mtok,
    price_basis,
    -- Only the id makes a model free; other entries cost nothing because they are not priced by the
    -- token.
    model_id like '%:free' as is_free,
    provider_name,
    captured_at,
    origin,
    answer_sha256
from priced
-- The lab's own endpoint takes precedence over the catalogue.
qualify row_number() over (partition by date, model_id, kind order by price_basis desc) = 1
order by date, model_id, kind
