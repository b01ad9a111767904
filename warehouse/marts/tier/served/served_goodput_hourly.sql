-- One row per UTC hour, target, model and method: share of requests that met every objective.
--
-- `events`: exact. `upper_bound`: from histograms, which know each latency separately. No more
-- requests can meet both objectives than meet the harder one; each is counted up to the end of the
-- bucket that holds its objective.
with from_events as (
    select
        {{ floor_to_hour('requests.last_token_at') }} as hour_at,
        requests.target,
        requests.model_name,
        'events' as method,
        count(*) as requests,
        avg((requests.ttft_seconds * 1000 <= terms.slo_ttft_ms)::integer) as ttft_share,
        -- A request of one token cannot miss the objective of the time between tokens.
        avg((coalesce(requests.tpot_seconds, 0) * 1000 <= terms.slo_tpot_ms)::integer)
            as tpot_share,
        -- Without its time to first token it is not known whether a request met both.
        avg(
            case
                when requests.ttft_seconds is not null
                    then
                        (
                            requests.ttft_seconds * 1000 <= terms.slo_ttft_ms
                            and coalesce(requests.tpot_seconds, 0) * 1000 <= terms.slo_tpot_ms
                        )::integer
            end
        ) as goodput_share
    from {{ ref('stg_telemetry__requests') }} as requests
    inner join {{ ref('request_terms_daily') }} as terms
        on {{ are_terms_of('requests.target', floor_to_hour('requests.last_token_at')) }}
    where
        requests.outcome = 'finished'
        and requests.last_token_at is not null
        and terms.slo_ttft_ms is not null
    group by all
),

buckets as (
    select
        buckets.hour_at,
        buckets.target,
        buckets.model_name,
        buckets.metric,
        buckets.bucket_end,
        sum(buckets.growth) as reached,
        any_value(
            case
                when buckets.metric = 'ttft_seconds' then terms.slo_ttft_ms
                else terms.slo_tpot_ms
            end
            / 1000
        ) as objective_seconds
    from {{ ref('stg_telemetry__buckets') }} as buckets
    inner join {{ ref('target_terms_daily') }} as terms
        on {{ are_terms_of('buckets.target', 'buckets.hour_at') }}
    where
        buckets.metric in ('ttft_seconds', 'tpot_seconds')
        and terms.slo_ttft_ms is not null
    group by all
),

met as (
    select
        hour_at,
        target,
        model_name,
        metric,
        max(reached) as observations,
        min_by(reached, bucket_end) filter (where bucket_end >= objective_seconds)
        / nullif(max(reached), 0) as share
    from buckets
    group by all
),

from_histograms as (
    select
        hour_at,
        target,
        model_name,
        'upper_bound' as method,
        round(max(observations))::bigint as requests,
        any_value(share) filter (where metric = 'ttft_seconds') as ttft_share,
        any_value(share) filter (where metric = 'tpot_seconds') as tpot_share,
        min(share) as goodput_share
    from met
    where observations > 0
    group by all
),

both_methods as (
    select * from from_events
    union all by name
    select * from from_histograms
),

with_services as (
    select
        both_methods.*,
        coalesce(services.service, both_methods.target) as service
    from both_methods
    left join {{ ref('target_services_daily') }} as services
        on
            both_methods.target = services.target
            and {{ utc_date('both_methods.hour_at') }} = services.day
)

select
    hour_at,
    target,
    model_name,
    method,
    requests,
    ttft_share,
    tpot_share,
    goodput_share,
    service
from with_services
order by hour_at, target, model_name, method
