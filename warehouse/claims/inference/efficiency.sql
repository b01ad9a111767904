-- One row per basis: memory saved by weights of 8 or 4 bits over 16, alone and with a cache, and their perplexity.
{{ config(meta={
    'claim_id': 'efficiency',
    'statement': 'INT4 and INT8 cut memory by 30 % against FP16.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'memory of weights alone, and with a cache of keys and values of 16,384 tokens '
        ~ 'in full or in 8 bits; here our shipped checkpoint in our engine, 16 bits being bfloat16',
    'unit': 'share of memory saved',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'The memory of the basis was 30 % less than in 16 bits, or less still.',
}) }}
-- Our own measurement. The cache of a scheme in full has the precision that the scheme computes in.
{% set evidence %}
    with forms as (
        select
            setting as form,
            any_value(value) filter (where figure = 'weights') as weights_megabytes,
            any_value(value) filter (where figure = 'memory in all') as megabytes_in_all,
            any_value(variant) filter (where figure = 'memory in all') as cache_size,
            any_value(value) filter (where figure = 'perplexity') as perplexity,
            any_value(value) filter (where figure = 'speed' and variant = 'decode 1') as speed_at_1,
            any_value(value) filter (where figure = 'speed' and variant = 'decode 8') as speed_at_8,
            any_value(value) filter (where figure = 'speed' and variant = 'decode 32') as speed_at_32,
            any_value(command) as command,
            any_value(measured_on) as measured_on,
            any_value(hardware) as machine,
            any_value(coalesce(commit_sha, 'not known: ' || commit_reason)) as commit
        from {{ ref('own_measurements') }}
        where
            benchmark = 'quantisation'
            and figure in ('weights', 'memory in all', 'perplexity', 'speed')
        group by setting
    ),

    bases as (
        select
            form as basis,
            form,
            'the weights alone: caches and activations stay as they are' as what
        from forms
        where form in ('w8a8', 'w8a16', 'w4a16')
        union all
        select
            case
                when form like '%, cache int8' then replace(form, ', cache int8', '_and_cache_in_8_bits')
                else form || '_and_full_cache'
            end as basis,
            form,
            'weights and a ' || cache_size || ' together, which in full has the precision in which its form computes'
                as what
        from forms
        where
            split_part(form, ', ', 1) in ('w8a8', 'w8a16', 'w4a16')
            and megabytes_in_all is not null
    )

    select
        bases.basis,
        bases.what,
        if(bases.basis = few.form, few.weights_megabytes, few.megabytes_in_all) as megabytes,
        if(bases.basis = few.form, sixteen.weights_megabytes, sixteen.megabytes_in_all) as megabytes_at_16_bits,
        -- Of float32, every parameter has four.
        4 * few.weights_megabytes / thirty_two.weights_megabytes as bytes_per_parameter,
        few.perplexity,
        sixteen.perplexity as perplexity_at_16_bits,
        few.speed_at_1 / sixteen.speed_at_1 as speed_at_1,
        few.speed_at_8 / sixteen.speed_at_8 as speed_at_8,
        few.speed_at_32 / sixteen.speed_at_32 as speed_at_32,
        few.command,
        few.measured_on,
        few.machine,
        few.commit
    from bases
    inner join forms as few
        on bases.form = few.form
    inner join forms as sixteen
        on sixteen.form = 'bfloat16'
    inner join forms as thirty_two
        on thirty_two.form = 'float32'
    order by bases.basis
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    0.3::double as expected,
    (1 - megabytes / megabytes_at_16_bits)::double as measured,
    format(
        '{:.0f} % {}: {:.2f} MB after {:.2f}; weights of {:.2f} bytes a parameter; perplexity '
        || '{:.2f} after {:.2f}; decoding at {:.2f}, {:.2f}, {:.2f} times the speed for 1, 8, 32',
        100 * abs(1 - megabytes / megabytes_at_16_bits),
        if(megabytes > megabytes_at_16_bits, 'more', 'less'),
        megabytes, megabytes_at_16_bits,
        bytes_per_parameter,
        perplexity, perplexity_at_16_bits,
        speed_at_1, speed_at_8, speed_at_32
    ) as measured_text,
    if(1 - megabytes / megabytes_at_16_bits >= 0.3, 'supported', 'contradicted') as verdict,
    'At least 30 %, as measured by us (`'
    || command
    || '`, '
    || measured_on
    || '), of '
    || what
    || '; scales and what is not quantised count. Speed is beside bfloat16 in stock torch, in '
    || 'which weights of few bits run.' as reason,
    measured_on::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
