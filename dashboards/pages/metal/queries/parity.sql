-- One row per host, and one for us, on the newest day on which we have a place among them: speed of
-- one request. Null is unknown, and reason says why. Percentiles of replicas do not add up: of a service it is
-- the replica with most hours.
with placed as (
    select *
    from speed_parity_daily
    where
        model_family = $family and metric = $metric
        and (service = $who or target = $who and $who not in (select service from services))
    qualify row_number() over (order by hosts > 0 desc, date desc, local_hours desc, target, model_name) = 1
),

sampled as (
    select
        *,
        provider_name || ' (' || quantization || ')' as called,
        -- A provider may offer the same weights twice.
        count(*) over (partition by date, target, model_name, metric, provider_name, quantization) > 1 as is_twice
    from speed_parity_hosts_daily
)

select
    hosts.date, hosts.called || case when hosts.is_twice then ' ' || hosts.tag else '' end as who, hosts.p50, hosts.times_as_fast,
    hosts.coverage, hosts.is_compared, false as is_ours, placed.percentile_among_hosts, placed.coverage as coverage_of_both,
    placed.local_method, coalesce(placed.reason, 'no half hour of this day has a sample of both') as reason
from placed
inner join sampled as hosts
    on placed.date = hosts.date and placed.target = hosts.target and placed.model_name = hosts.model_name and placed.metric = hosts.metric
union all
select
    date, 'our ' || target || ' (' || coalesce(quantization_local, 'unknown') || ')', local_p50, null, local_hours / 24, true, true,
    percentile_among_hosts, coverage, local_method, reason
from placed
order by p50
