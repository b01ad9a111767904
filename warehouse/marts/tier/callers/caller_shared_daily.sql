-- One row per UTC day, gateway, target, team, key alias, caller and model: requests that both logs
-- have, the gateway's and that of our own server behind it.
--
-- They are the same where their identifiers are: our servers make them at random, and a gateway
-- passes them on. Whoever is named here is named by the gateway.
select
    {{ utc_date('requests.arrival_at') }} as date,
    spend.gateway,
    requests.target,
    spend.team,
    spend.key_alias,
    spend.caller,
    requests.model_name,
    count(*) as requests,
    sum(requests.prompt_tokens + requests.completion_tokens)::bigint as total_tokens,
    sum(spend.usd)::decimal(24, 9) as gateway_usd,
    any_value(coalesce(services.service, requests.target)) as service
from {{ ref('stg_telemetry__requests') }} as requests
inner join {{ ref('stg_gateways__spend') }} as spend
    on
        requests.request_id = spend.request_id
        -- So that no other day is looked at.
        and {{ utc_date('requests.arrival_at') }} in (
            {{ utc_date('spend.started_at') }}, {{ utc_date('spend.ended_at') }}
        )
left join {{ ref('target_services_daily') }} as services
    on
        requests.target = services.target
        and {{ utc_date('requests.arrival_at') }} = services.day
group by all
order by date, spend.gateway, requests.target, spend.team, spend.key_alias, spend.caller, requests.model_name
