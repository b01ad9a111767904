-- One row per UTC day and band of total parameters: our tokens, their share, and joules of a token.
--
-- Models of unknown size may be of any band, so shares have bounds. Joules are those of the hours in
-- which the energy of the model's tokens is known, and energy_share says of how many tokens they are.
with energy as (
    select
        hour_at::date as date,
        target,
        model_name,
        sum(joules_per_total_token * total_tokens_per_second * timed_seconds) as joules,
        sum(total_tokens_per_second * timed_seconds) filter (where joules_per_total_token is not null)
            as energy_tokens,
        max(power_provenance = 'rated') filter (where joules_per_total_token is not null) as has_rated,
        any_value(energy_reason order by total_tokens_per_second desc nulls last, hour_at)
            as energy_reason
    from {{ ref('local_efficiency_hourly') }}
    group by all
),

bands as (
    select
        tokens.date,
        coalesce(sizes.size_band, 'unknown') as size_band,
        sum(tokens.prompt_tokens)::bigint as prompt_tokens,
        sum(tokens.generation_tokens)::bigint as generation_tokens,
        coalesce(sum(tokens.total_tokens), 0)::bigint as known_tokens,
        count(*) filter (where tokens.reason is not null) as unknown_models,
        count(*) as models,
        sum(energy.joules) as joules,
        sum(energy.energy_tokens) as energy_tokens,
        bool_or(energy.has_rated) as has_rated,
        any_value(energy.energy_reason order by tokens.target, tokens.model_name) as energy_reason
    from {{ ref('local_tokens_daily') }} as tokens
    left join {{ ref('served_sizes') }} as sizes
        using (target, model_name)
    left join energy
        using (date, target, model_name)
    group by all
),

totals as (
    select
        *,
        sum(known_tokens) over of_day as day_tokens,
        coalesce(sum(known_tokens) filter (where size_band = 'unknown') over of_day, 0) as sizeless_tokens,
        sum(unknown_models) over of_day as day_unknown_models,
        case
            when known_tokens = 0 and unknown_models > 0
                then 'the tokens of none of its models are known'
        end as reason,
        case
            when day_unknown_models > 0
                then format('the tokens of {:d} models of the day are not known', day_unknown_models)
            when day_tokens = 0 then 'no tokens on this day'
        end as share_reason,
        case
            when known_tokens = 0 then coalesce(reason, 'no tokens on this day')
            when coalesce(energy_tokens, 0) = 0
                then coalesce(energy_reason, 'no hour of the day has the energy of its tokens')
        end as joules_reason
    from bands
    window of_day as (partition by date)
)

select
    date,
    size_band,
    models::integer as models,
    unknown_models::integer as unknown_models,
    case when reason is null then prompt_tokens end as prompt_tokens,
    case when reason is null then generation_tokens end as generation_tokens,
    case when reason is null then known_tokens end as total_tokens,
    reason,
    case when share_reason is null then known_tokens / day_tokens end as share,
    case
        when share_reason is null
            then case when size_band = 'unknown' then 0.0 else known_tokens / day_tokens end
    end as share_low,
    case
        when share_reason is null
            then
                (known_tokens + case when size_band = 'unknown' then 0 else sizeless_tokens end)
                / day_tokens
    end as share_high,
    share_reason,
    case when joules_reason is null then joules end as joules,
    case when joules_reason is null then joules / energy_tokens end as joules_per_total_token,
    case when joules_reason is null then least(energy_tokens / nullif(known_tokens, 0), 1.0) end
        as energy_share,
    case when joules_reason is null then case when has_rated then 'rated' else 'measured' end end
        as power_provenance,
    joules_reason
from totals
order by date, size_band
