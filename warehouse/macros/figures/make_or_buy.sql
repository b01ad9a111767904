{#- Our tokens by day, model family and `who` (a target, or a service with all its replicas), and the
    entry of the catalogue to buy. -#}
{% macro served_mixes(who) -%}
    select
        date,
        model_family,
        {{ who }},
        {{ 'any_value(service) as service,' if who == 'target' }}
        -- Of several models of a family, the one that served most is the one to buy.
        arg_max(model_id, (coalesce(total_tokens, 0), model_name)) filter (
            where model_id is not null
        ) as model_id,
        sum(total_tokens)::bigint as local_tokens,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        case
            when bool_and(cached_prompt_tokens is not null) then sum(cached_prompt_tokens)::bigint
        end as cached_tokens,
        min(reason) as tokens_reason,
        min(mix_reason) filter (where mix_reason <> 'no tokens on this day') as mix_reason
    from {{ ref('local_tokens_daily') }}
    where model_family is not null
    group by all
{%- endmacro %}

{#- Cost of our tokens and of the same ones in the market, by day, model family and kind of price, for
    each `who`: a target, or a service with all its replicas. `costs` is the table of their costs. -#}
{% macro make_or_buy(who, costs) -%}
    {%- set rates = ['fixed', 'busy', 'idle', 'capacity'] -%}
    with mixes as (
        {{ served_mixes(who) }}
    ),

    kinds as (
        select unnest(['list', 'cheapest', 'modal']) as kind
    ),

    joined as (
        select
            mixes.*,
            kinds.kind,
            prices.prompt_usd_per_mtok::double as prompt_usd,
            prices.completion_usd_per_mtok::double as completion_usd,
            coalesce(prices.cached_usd_per_mtok, prices.prompt_usd_per_mtok)::double as cached_usd,
            prices.cached_usd_per_mtok is not null as is_cached_priced,
            prices.price_basis,
            prices.provider_name,
            prices.model_id is not null as is_priced,
            prices.is_free,
            costs.usd_per_mtok as local_usd_per_mtok,
            costs.usd_per_mtok_without_idle as local_usd_per_mtok_without_idle,
            costs.busy_share,
            costs.fixed_usd_per_second,
            costs.busy_energy_usd_per_second,
            costs.idle_energy_usd_per_second,
            costs.fixed_usd_per_second::double as fixed,
            costs.busy_energy_usd_per_second::double as busy,
            costs.idle_energy_usd_per_second::double as idle,
            costs.capacity_tokens_per_second as capacity,
            costs.power_basis,
            costs.energy_usd_per_kwh,
            costs.amortisation_years,
            costs.devices,
            coalesce(
                costs.reason,
                case when costs.date is null then 'nothing is known of what the {{ who }} costs' end
            ) as cost_reason
        from mixes
        cross join kinds
        left join {{ ref('model_prices_daily') }} as prices
            using (date, model_id, kind)
        left join {{ costs }} as costs
            using (date, {{ who }})
    ),

    -- Without a count of cached tokens, anything from none to all of the prompt may have been cached.
    priced as (
        select
            *,
            case
                when tokens_reason is not null then tokens_reason
                when local_tokens = 0 then 'no tokens on this day'
                when mix_reason like 'more cached%' then mix_reason
                when model_id is null then 'no entry of the catalogue for this model'
                when not is_priced then 'no ' || kind || ' price of this day'
            end as bounds_reason,
            coalesce(cached_tokens, case when is_cached_priced then null else 0 end)
                as priced_cached_tokens,
            generation_tokens / nullif(local_tokens, 0) * completion_usd as generated_usd,
            prompt_tokens / nullif(local_tokens, 0) as all_prompt_share
        from joined
    ),

    bounded as (
        select
            *,
            case
                when bounds_reason is null and priced_cached_tokens is not null
                    then
                        generated_usd
                        + (prompt_tokens - priced_cached_tokens) / local_tokens * prompt_usd
                        + priced_cached_tokens / local_tokens * cached_usd
            end as market_usd,
            case
                when bounds_reason is null
                    then generated_usd + all_prompt_share * least(prompt_usd, cached_usd)
            end as low_usd,
            case
                when bounds_reason is null
                    then generated_usd + all_prompt_share * greatest(prompt_usd, cached_usd)
            end as high_usd
        from priced
    ),

    with_break_even as (
        select
            *,
            coalesce(market_usd, low_usd) as market_low_usd,
            coalesce(market_usd, high_usd) as market_high_usd,
            case when cost_reason is null then {{ break_even_load('market_usd', *rates) }} end as load,
            case
                when cost_reason is null
                    then {{ break_even_load('coalesce(market_usd, high_usd)', *rates) }}
            end as load_low,
            case
                when cost_reason is null
                    then {{ break_even_load('coalesce(market_usd, low_usd)', *rates) }}
            end as load_high,
            coalesce(bounds_reason, case when market_usd is null then mix_reason end) as price_reason
        from bounded
    ),

    with_reasons as (
        select
            *,
            coalesce(
                cost_reason,
                price_reason,
                case
                    when market_usd = 0 then 'the market asks nothing'
                    when load is null then 'energy alone costs more than the market asks'
                    when load > 1 then 'dearer than the market even if busy all the time'
                end
            ) as break_even_reason
        from with_break_even
    )

    select
        date,
        model_family,
        {{ who }},
        kind,
        model_id,
        price_basis,
        provider_name,
        local_tokens,
        case
            when cached_tokens <= prompt_tokens
                then (prompt_tokens - cached_tokens) / nullif(local_tokens, 0)
        end as prompt_share,
        case when cached_tokens <= prompt_tokens then cached_tokens / nullif(local_tokens, 0) end
            as cached_share,
        generation_tokens / nullif(local_tokens, 0) as completion_share,
        local_usd_per_mtok,
        local_usd_per_mtok_without_idle,
        cost_reason,
        market_usd::decimal(24, 9) as market_usd_per_mtok,
        market_low_usd::decimal(24, 9) as market_usd_per_mtok_low,
        market_high_usd::decimal(24, 9) as market_usd_per_mtok_high,
        price_reason,
        busy_share,
        case when break_even_reason is null then load end as break_even_load,
        load as break_even_load_unbounded,
        load_low as break_even_load_low,
        load_high as break_even_load_high,
        break_even_reason,
        case
            when local_usd_per_mtok <= market_low_usd then true
            when local_usd_per_mtok > market_high_usd then false
        end as is_local_cheaper,
        ((market_usd - local_usd_per_mtok::double) * local_tokens / 1e6)::decimal(24, 9) as saving_usd,
        fixed_usd_per_second,
        (busy_share * busy + (1 - busy_share) * idle)::decimal(24, 12) as energy_usd_per_second,
        busy_energy_usd_per_second,
        idle_energy_usd_per_second,
        capacity as capacity_tokens_per_second,
        power_basis,
        energy_usd_per_kwh,
        amortisation_years,
        devices,
        coalesce(cost_reason, price_reason, break_even_reason) as reason
        {{ ', service' if who == 'target' }}
    from with_reasons
    order by date, model_family, {{ who }}, kind
{%- endmacro %}
