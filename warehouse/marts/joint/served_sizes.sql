-- One row per target and model that it serves: its total and active parameters, and who states them.
--
-- The server's own metrics come first, then the name of what is served, then the model of the market
-- that it is mapped to, unless the mapping is doubted.
with stated as (
    select
        target,
        model_name,
        arg_max(last_value, last_at)::bigint as parameters
    from {{ ref('last_gauges_daily') }}
    where
        metric = 'parameters'
        and is_positive
        and last_value < 1e15
    group by target, model_name
),

market as (
    select *
    from {{ ref('model_sizes') }}
    -- Ways of offering a model have its weights.
    qualify row_number() over (partition by canonical_slug order by variant = 'standard' desc, variant) = 1
),

sizes as (
    select
        served.target,
        served.model_name,
        served.service,
        stated.parameters as server_parameters,
        {{ named_parameters('served.model_name') }} as name_parameters,
        market.total_parameters as market_parameters,
        {{ named_active_parameters('served.model_name') }} as name_active,
        market.active_parameters as market_active,
        served.mapping_warning
    from {{ ref('served_models') }} as served
    left join stated
        using (target, model_name)
    left join market
        on
            served.canonical_slug = market.canonical_slug
            and served.mapping_warning is null
)

select
    target,
    model_name,
    service,
    coalesce(server_parameters, name_parameters, market_parameters) as total_parameters,
    coalesce(name_active, market_active) as active_parameters,
    {{ size_band('coalesce(server_parameters, name_parameters, market_parameters)') }} as size_band,
    case
        when server_parameters is not null then 'server'
        when name_parameters is not null then 'name'
        when market_parameters is not null then 'market'
    end as total_source,
    case when name_active is not null then 'name' when market_active is not null then 'market' end
        as active_source,
    case
        when total_source is not null then null
        when mapping_warning is not null then mapping_warning
        else 'neither the server, nor its name, nor the market states a number of parameters'
    end as total_reason,
    case
        when active_source is null then 'no name states it, and a silent name may be dense or not'
    end as active_reason
from sizes
order by target, model_name
