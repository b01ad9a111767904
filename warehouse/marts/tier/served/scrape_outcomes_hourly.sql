-- One row per UTC hour, target, source and outcome of its scrapes: how many, and what it means.
--
-- Only scrapes with outcome `up` count for figures; a page without a known family is not up.
with outcomes as (
    select
        hour_at,
        target,
        source,
        is_of_devices,
        device_source,
        outcome,
        coalesce(nearest_engine, '') as nearest_engine,
        coalesce(withheld, '') as withheld,
        sum(scrapes)::bigint as scrapes,
        min(first_at) as first_at,
        max(last_at) as last_at,
        sum(read_samples * scrapes) / nullif(sum(scrapes) filter (where read_samples is not null), 0)
            as read_samples,
        sum(known_samples * scrapes)
        / nullif(sum(scrapes) filter (where known_samples is not null), 0) as known_samples,
        max(unknown_families) as unknown_families,
        sum(problems)::bigint as problems
    from {{ ref('stg_telemetry__scrape_outcomes') }}
    group by all
),

with_services as (
    select
        outcomes.*,
        coalesce(services.service, outcomes.target) as service
    from outcomes
    left join {{ ref('target_services_daily') }} as services
        on
            outcomes.target = services.target
            and {{ utc_date('outcomes.hour_at') }} = services.day
)

select
    hour_at,
    target,
    source,
    is_of_devices,
    device_source,
    outcome,
    nearest_engine,
    withheld,
    outcome = 'up' as is_up,
    scrapes,
    scrapes / sum(scrapes) over (
        partition by hour_at, target, source, is_of_devices, device_source
    ) as share_of_scrapes,
    first_at,
    last_at,
    read_samples,
    known_samples,
    unknown_families,
    problems,
    case
        when outcome = 'up' and withheld <> '' then withheld
        when outcome = 'up' then null
        when outcome = 'no_known_metrics' and nearest_engine not in ('', 'none')
            then
                format(
                    'the page has no family of {}; {} would know it: correct the tier file',
                    source,
                    nearest_engine
                )
        when outcome = 'no_known_metrics'
            then format('the page has no family of {}, nor of any other that is known', source)
        when outcome = 'html' then 'the address leads to a web page, not to metrics'
        when outcome = 'status_401'
            then 'the server wants to know who asks: name its variable under headers'
        when outcome = 'status_403' then 'the server refuses this access: check headers'
        when outcome = 'status_404' then 'nothing is at this address: check path and options'
        when outcome in ('status_301', 'status_302', 'status_307', 'status_308')
            then 'the server sends to another host or to itself: correct the address'
        when outcome = 'certificate'
            then 'the certificate is of no known authority, or of another name: name ca_file'
        when outcome = 'tls' then 'the server does not speak TLS here: check http and https'
        when outcome = 'too_large' then 'the page is larger than 16 MiB'
        when outcome = 'timeout' then 'the page did not come in time'
        when outcome = 'forbidden_address'
            then 'a list of targets leads to an address that no target may have, such as a metadata service'
        when outcome = 'refused' then 'nothing listens at this address'
        when outcome = 'unknown_host' then 'the name of the host is not known'
        when outcome = 'broken_off' then 'the connection broke off before the end of the page'
        when outcome = 'down_in_store' then 'the scrape failed in the store that it was read from'
        when outcome = 'no_such_command' then 'the command is not installed'
        when outcome like 'exit_%' then 'the command failed'
        when outcome like 'status_%' then 'the server responded with an error'
        else 'the scrape failed'
    end as reason,
    service
from with_services
order by
    hour_at,
    target,
    source,
    is_of_devices,
    device_source,
    outcome,
    nearest_engine,
    withheld
