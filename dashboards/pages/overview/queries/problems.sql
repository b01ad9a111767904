-- One row per problem in this generation: what, how often, since when, and what it means or asks for.
with published as (
    select published_at, last_date from meta
),

problems as (
    select 'The market ends more than two days back' as problem, 1 as times, last_date::varchar as newest,
        'Run `tokentide ingest market`; the source may be late too.' as what_to_do
    from published
    where last_date < published_at::date - 2
    union all
    select 'Days that the source does not have', count(*), max(date)::varchar,
        'Their weeks are drawn as gaps. Ask again later: `tokentide ingest market`.'
    from market_days where is_missing
    union all
    select 'Days whose total is not known', count(*), max(date)::varchar, 'The row `other` is missing: shares of the platform have no bounds there.'
    from market_days where is_other_missing
    union all
    select 'Days that the source withdrew', count(*), max(date)::varchar, 'The last figures known are shown.'
    from market_days where is_withdrawn
    union all
    select 'Values in quarantine', count(*), max(date)::varchar, 'No figure uses them; the Data page lists each with its reason.'
    from ingest_quarantine
    union all
    select 'Answers that could not be loaded in full', count(*), max(fetched_at)::date::varchar, 'The Data page has the reason of each.'
    from ingest_log cross join published
    where outcome not in ('loaded', 'unchanged') and fetched_at > published_at - interval 7 day
    union all
    select 'Our model not found in the market: ' || model_name || ' at ' || service, count(*), null,
        min(reason) || '. Until it is found or mapped (`model_map` of the tier file) it is not compared with the market.'
    from served_models where model_family is null
    group by service, model_name
    union all
    -- A replica that is gone is not missing: what it lacks at its end is no problem.
    select
        'Minutes of the last day without a scrape at ' || service || if(replicas_now > 1, format(' ({:d} of {:d} replicas)', count(distinct target), replicas_now), ''),
        count(*), strftime(max(minute_at) at time zone 'UTC', '%Y-%m-%d %H:%M UTC'),
        'Drawn as gaps. Is the target up, and is `tokentide collect` running?'
    from served_tokens_minutely
    inner join (select target, state from service_replicas where state <> 'gone') as replicas using (target)
    inner join (select service, replicas_now from services) as counted using (service)
    where is_gap and minute_at > (select max(minute_at) from served_tokens_minutely) - interval 24 hour
    group by service, replicas_now
    union all
    select 'Hours without a known energy per token at ' || service, count(*), strftime(max(hour_at) at time zone 'UTC', '%Y-%m-%d %H:%M UTC'), energy_reason
    from service_efficiency_hourly
    where
        energy_reason not like 'no tokens in %' and energy_reason not like 'no generated tokens in %'
        and hour_at > (select max(hour_at) from service_efficiency_hourly) - interval 24 hour
    group by service, energy_reason
    union all
    select 'Hours without a known cost at ' || service, count(*), strftime(max(hour_at) at time zone 'UTC', '%Y-%m-%d %H:%M UTC'), cost_reason
    from service_efficiency_hourly
    where cost_reason not like 'no tokens in %' and hour_at > (select max(hour_at) from service_efficiency_hourly) - interval 24 hour
    group by service, cost_reason
    union all
    select 'Two counts of the same tokens differ at ' || service, count(*), max(date)::varchar, 'Both are kept; the page Our tier shows them side by side.'
    from served_token_disagreements
    where difference <> 0 and explained_by is null
    group by service
)

from problems where times > 0
