-- One row per target and model: memory of its weights now, its ratio to 16 bits, and perplexity.
--
-- The ratio is to two bytes for each parameter that the server states, or else to another server of
-- ours with the same model in 16 or 32 bits. Perplexity is known of the checkpoints that we measured.
with weights as (
    select
        target,
        model_name,
        arg_max(last_value, (last_at, last_value)) filter (where metric = 'weight_bytes')
            as weight_bytes,
        max(last_at) filter (where metric = 'weight_bytes') as seen_at,
        arg_max(last_value, (last_at, last_value)) filter (where metric = 'parameters')
            as parameters
    from {{ ref('last_gauges_daily') }}
    group by all
),

stacks as (
    select
        target,
        coalesce(quantization, dtype) as setting
    from {{ ref('stack_versions_daily') }}
    where dtype is not null or quantization is not null
    qualify row_number() over (partition by target order by last_at desc, labels) = 1
),

with_names as (
    select
        weights.*,
        served.weights_quantization,
        served.quantization_basis,
        coalesce(served.service, weights.target) as service,
        lower(coalesce(served.hugging_face_id, served.known_as, weights.model_name)) as model_key,
        stacks.setting
    from weights
    left join {{ ref('served_models') }} as served
        using (target, model_name)
    left join stacks
        using (target)
    where weights.weight_bytes > 0
),

unquantized as (
    select
        model_key,
        arg_max(
            weight_bytes / case when weights_quantization = 'fp32' then 2 else 1 end, seen_at
        ) as bytes_at_16_bits
    from with_names
    where weights_quantization in ('bf16', 'fp16', 'fp32')
    group by all
),

perplexities as (
    select
        setting,
        value as perplexity
    from {{ ref('own_measurements') }}
    where benchmark = 'quantisation' and figure = 'perplexity'
),

compared as (
    select
        with_names.*,
        case
            when with_names.parameters > 0 then 2 * with_names.parameters
            else unquantized.bytes_at_16_bits
        end as bytes_at_16_bits,
        case
            when with_names.parameters > 0 then 'parameters'
            when unquantized.bytes_at_16_bits is not null then 'another server'
        end as ratio_basis,
        with_names.model_name = '{{ var("measured_checkpoint") }}' as is_measured
    from with_names
    left join unquantized
        using (model_key)
)

select
    compared.target,
    compared.model_name,
    compared.weights_quantization,
    compared.quantization_basis,
    round(compared.weight_bytes)::bigint as weight_bytes,
    round(compared.bytes_at_16_bits)::bigint as bytes_at_16_bits,
    compared.weight_bytes / compared.bytes_at_16_bits as ratio_to_16_bits,
    compared.ratio_basis,
    case
        when compared.bytes_at_16_bits is null
            then
                'the server does not state its parameters, and no other serves the model in 16 bits'
    end as ratio_reason,
    case when compared.is_measured then quantized.perplexity end as perplexity,
    case when compared.is_measured then sixteen.perplexity end as perplexity_at_16_bits,
    case
        when not compared.is_measured then 'the perplexity of this model was not measured'
        when quantized.perplexity is null then 'not measured with these weights'
    end as perplexity_reason,
    compared.seen_at,
    compared.service
from compared
left join perplexities as quantized
    on compared.setting = quantized.setting
left join perplexities as sixteen
    on sixteen.setting = 'bfloat16'
order by compared.target, compared.model_name
