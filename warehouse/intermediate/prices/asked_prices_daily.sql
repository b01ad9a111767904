-- One row per UTC day, model id and kind of price that we saw, in USD per million tokens.
--
-- list: the price of the lab's own endpoint, or, if we saw none, the catalogue's price of the day;
-- cheapest: the host with the lowest sum of prompt and completion price; modal: the pair of prices
-- that most hosts ask. All are prices as asked, discounts taken off. A renamed model has its current
-- id on all days, so that its prices are one series.
with endpoints_of_day as (
    select
        captured_at::date as date,
        model_id,
        model_permaslug as asked_permaslug,
        provider_slug,
        provider_name,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        -- A host's row has neither.
        null::decimal(18, 9) as cache_write_usd_per_mtok,
        null as overrides,
        discount,
        undiscounted_prompt_usd_per_mtok,
        undiscounted_completion_usd_per_mtok,
        undiscounted_reason,
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
            -- By the undiscounted price, so that a promotion of one of the lab's endpoints does not
            -- change which of them is the list price.
            order by
                coalesce(
                    hosts.undiscounted_prompt_usd_per_mtok
                    + hosts.undiscounted_completion_usd_per_mtok,
                    hosts.prompt_usd_per_mtok + hosts.completion_usd_per_mtok
                ),
                hosts.provider_name
        ) = 1
),

catalogue as (
    select
        date,
        model_id,
        canonical_slug,
        null as provider_slug,
        null as provider_name,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        cache_write_usd_per_mtok,
        overrides,
        discount,
        undiscounted_prompt_usd_per_mtok,
        undiscounted_completion_usd_per_mtok,
        undiscounted_reason,
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
),

-- The lab's own endpoint takes precedence over the catalogue.
one_a_kind as (
    select
        *,
        max(canonical_slug) over (partition by date, model_id) as listed_slug
    from priced
    qualify row_number() over (partition by date, model_id, kind order by price_basis desc) = 1
),

identified as (
    select
        one_a_kind.*,
        ids.first_seen_at,
        ids.model_permaslug,
        coalesce(ids.is_text_model, true) as is_text_model,
        coalesce(ids.current_model_id, one_a_kind.model_id) as current_model_id
    from one_a_kind
    left join {{ ref('catalogue_ids') }} as ids
        on
            one_a_kind.model_id = ids.model_id
            and case
                when one_a_kind.listed_slug is null then ids.is_last_slug
                else one_a_kind.listed_slug = ids.canonical_slug
            end
),

-- While several ids of a model are listed, only one is the model's; the others keep their own.
named as (
    select
        *,
        case
            when
                dense_rank() over (
                    partition by date, current_model_id
                    order by
                        model_id <> current_model_id,
                        first_seen_at desc nulls last,
                        model_id
                ) = 1
                then current_model_id
            else model_id
        end as named_model_id,
        {{ price_class(
            "model_id like '%:free'",
            'prompt_usd_per_mtok',
            'completion_usd_per_mtok',
            'discount',
            'is_text_model'
        ) }} as price_class,
        {{ price_class_basis(
            "model_id like '%:free'",
            'prompt_usd_per_mtok',
            'completion_usd_per_mtok',
            'discount',
            'is_text_model'
        ) }} as price_class_basis
    from identified
)

select
    date,
    named_model_id as model_id,
    kind,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    cached_usd_per_mtok,
    cache_write_usd_per_mtok,
    overrides,
    discount,
    undiscounted_prompt_usd_per_mtok,
    undiscounted_completion_usd_per_mtok,
    undiscounted_reason,
    price_basis,
    coalesce(
        price_class = 'free' or prompt_usd_per_mtok + completion_usd_per_mtok = 0
        and price_class = 'promotional',
        false
    ) as is_free,
    price_class,
    price_class_basis,
    model_id as listed_model_id,
    coalesce(model_permaslug, asked_permaslug) as model_permaslug,
    provider_name,
    captured_at,
    origin,
    answer_sha256
from named
qualify
    row_number() over (
        partition by date, named_model_id, kind order by listed_model_id <> named_model_id
    ) = 1
