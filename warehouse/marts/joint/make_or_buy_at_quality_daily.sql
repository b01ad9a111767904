-- One row per UTC day, target or service, model family, measure of quality and kind of alternative:
-- our cost beside the price of a model of the market that is at least as good.
--
-- At least as good: its score of the version that held on that day is not below the interval of ours.
-- cheapest: of the models with a list price of the day, the one that asks least for our mix of tokens.
-- modal: the one with most tokens on that day. The family that we serve is one of these models. A
-- list price of zero is none, since free listings are limited. Scores are of the published weights:
-- what our quantisation loses is not in them.
with target_mixes as (
    {{ served_mixes('target') }}
),

service_mixes as (
    {{ served_mixes('service') }}
),

served as (
    select
        mixes.date,
        mixes.model_family,
        mixes.model_id,
        mixes.local_tokens,
        mixes.prompt_tokens,
        mixes.generation_tokens,
        mixes.cached_tokens,
        mixes.tokens_reason,
        mixes.mix_reason,
        'target' as grain,
        mixes.target as member,
        costs.usd_per_mtok as local_usd_per_mtok,
        case
            when costs.date is null then 'nothing is known of what the target costs'
            else costs.reason
        end as cost_reason
    from target_mixes as mixes
    left join {{ ref('local_cost_daily') }} as costs
        on mixes.date = costs.date and mixes.target = costs.target
    union all by name
    select
        mixes.date,
        mixes.model_family,
        mixes.model_id,
        mixes.local_tokens,
        mixes.prompt_tokens,
        mixes.generation_tokens,
        mixes.cached_tokens,
        mixes.tokens_reason,
        mixes.mix_reason,
        'service' as grain,
        mixes.service as member,
        costs.usd_per_mtok as local_usd_per_mtok,
        case
            when costs.date is null then 'nothing is known of what the service costs'
            else costs.reason
        end as cost_reason
    from service_mixes as mixes
    left join {{ ref('service_cost_daily') }} as costs
        on mixes.date = costs.date and mixes.service = costs.service
),

measured as (
    select
        served.*,
        measures.measure,
        measures.interval_level,
        measures.licence,
        measures.citation,
        spans.version_date,
        spans.is_hindsight,
        spans.start_date,
        scores.model_name as measured_name,
        scores.score,
        scores.score_low,
        scores.score_high,
        scores.origin,
        scores.answer_sha256,
        coalesce(scores.score_low, scores.score) as least_score,
        coalesce(sizes.size_band, 'unknown') as size_band,
        case
            when served.model_id is null then 'no entry of the catalogue for this model'
            when spans.version_date is null then 'no version of this measure holds on this day'
            when scores.score is null then 'this measure has no score of our model on this day'
        end as quality_reason,
        case
            when served.tokens_reason is not null then served.tokens_reason
            when served.local_tokens = 0 then 'no tokens on this day'
            when served.mix_reason like 'more cached%' then served.mix_reason
        end as no_mix_reason
    from served
    cross join {{ ref('quality_measures') }} as measures
    left join {{ ref('quality_spans') }} as spans
        on
            measures.measure = spans.measure
            and spans.category = 'overall'
            and served.date between spans.start_date and spans.end_date
    left join {{ ref('model_id_scores') }} as scores
        on
            spans.measure = scores.measure
            and spans.start_date = scores.start_date
            and split_part(served.model_id, ':', 1) = scores.model_id
    left join {{ ref('model_id_sizes') }} as sizes
        on split_part(served.model_id, ':', 1) = sizes.model_id
),

used as (
    select
        tokens.date,
        models.model_id,
        sum(tokens.total_tokens)::bigint as market_tokens
    from {{ ref('market_tokens_daily') }} as tokens
    inner join {{ ref('models') }} as models
        on tokens.model_permaslug = models.model_permaslug
    where models.model_id is not null
    group by all
),

candidates as (
    select
        measured.date,
        measured.grain,
        measured.member,
        measured.model_family,
        measured.measure,
        scores.model_id,
        scores.model_name,
        scores.score,
        scores.score_low,
        scores.score_high,
        coalesce(sizes.size_band, 'unknown') as size_band,
        used.market_tokens,
        prices.source as price_source,
        prices.age_days as price_age_days,
        prices.licence as price_licence,
        prices.citation as price_citation,
        {{ mix_price_end('measured', 'prices', 'least') }} as low_usd,
        {{ mix_price_end('measured', 'prices', 'greatest') }} as high_usd,
        prices.model_id is not null as is_priced
    from measured
    inner join {{ ref('model_id_scores') }} as scores
        on
            measured.measure = scores.measure
            and measured.start_date = scores.start_date
            and measured.least_score <= scores.score
    left join {{ ref('model_prices_daily') }} as prices
        on
            measured.date = prices.date
            and scores.model_id = prices.model_id
            and prices.kind = 'list'
            and not prices.is_free
    left join used
        on
            measured.date = used.date
            and scores.model_id = used.model_id
    left join {{ ref('model_id_sizes') }} as sizes
        on scores.model_id = sizes.model_id
),

counted as (
    select
        date,
        grain,
        member,
        model_family,
        measure,
        count(*)::integer as models_as_good,
        count(*) filter (where is_priced)::integer as models_priced,
        min(low_usd) as least_low_usd,
        min(high_usd) as least_high_usd,
        arg_min(model_id, (high_usd, model_id)) filter (where high_usd is not null) as cheapest_id,
        arg_max(model_id, (market_tokens, model_id)) filter (where market_tokens is not null)
            as modal_id
    from candidates
    group by all
),

kinds as (
    select unnest(['cheapest', 'modal']) as kind
),

ranked_days as (
    select distinct date
    from used
),

-- The cheapest price lies between the least of all lower and the least of all upper bounds.
chosen as (
    select
        measured.*,
        kinds.kind,
        counted.models_as_good,
        counted.models_priced,
        other.model_id as other_model_id,
        other.size_band as other_size_band,
        other.model_name as other_measured_name,
        other.score as other_score,
        other.score_low as other_score_low,
        other.score_high as other_score_high,
        other.is_priced,
        other.price_age_days,
        other.price_source,
        other.price_licence,
        other.price_citation,
        case when kinds.kind = 'cheapest' then counted.least_low_usd else other.low_usd end
            as low_usd,
        case when kinds.kind = 'cheapest' then counted.least_high_usd else other.high_usd end
            as high_usd,
        case
            when measured.quality_reason is not null then measured.quality_reason
            when other.model_id is not null then null
            when kinds.kind = 'cheapest' and counted.models_priced = 0
                then 'no model that is at least as good has a list price of this day'
            when kinds.kind = 'cheapest' then measured.no_mix_reason
            when ranked_days.date is null then 'no tokens of the market are known on this day'
            else 'no model that is at least as good is among the named ones of this day'
        end as alternative_reason
    from measured
    cross join kinds
    left join counted
        on
            measured.date = counted.date
            and measured.grain = counted.grain
            and measured.member = counted.member
            and measured.model_family = counted.model_family
            and measured.measure = counted.measure
    left join candidates as other
        on
            measured.date = other.date
            and measured.grain = other.grain
            and measured.member = other.member
            and measured.model_family = other.model_family
            and measured.measure = other.measure
            and case when kinds.kind = 'cheapest' then counted.cheapest_id else counted.modal_id end
            = other.model_id
    left join ranked_days
        on measured.date = ranked_days.date
),

reasoned as (
    select
        *,
        case when low_usd = high_usd then low_usd end as market_usd,
        case
            when alternative_reason is not null then alternative_reason
            when no_mix_reason is not null then no_mix_reason
            when not is_priced then 'no list price of this day'
            when low_usd <> high_usd
                then coalesce(mix_reason, 'the cached tokens of this day are not known')
        end as price_reason
    from chosen
)

select
    date,
    grain,
    member,
    model_family,
    measure,
    kind,
    model_id,
    size_band,
    measured_name,
    score,
    score_low,
    score_high,
    interval_level,
    version_date,
    is_hindsight,
    quality_reason,
    local_tokens,
    local_usd_per_mtok,
    cost_reason,
    models_as_good,
    models_priced,
    other_model_id,
    other_size_band,
    other_measured_name,
    other_score,
    other_score_low,
    other_score_high,
    alternative_reason,
    market_usd::decimal(24, 9) as market_usd_per_mtok,
    low_usd::decimal(24, 9) as market_usd_per_mtok_low,
    high_usd::decimal(24, 9) as market_usd_per_mtok_high,
    price_age_days::integer as price_age_days,
    price_reason,
    case
        when local_usd_per_mtok <= low_usd then true
        when local_usd_per_mtok > high_usd then false
    end as is_local_cheaper,
    ((market_usd - local_usd_per_mtok::double) * local_tokens / 1e6)::decimal(24, 9) as saving_usd,
    coalesce(quality_reason, cost_reason, price_reason) as reason,
    licence,
    citation,
    price_source,
    price_licence,
    price_citation,
    origin,
    answer_sha256
from reasoned
order by date, grain, member, model_family, measure, kind
