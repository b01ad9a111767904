delete from ledger.scrapes using changed_hours
where
    scrapes.target = changed_hours.target
    and date_trunc('hour', scrapes.scraped_at) = changed_hours.hour_at
    and changed_hours.is_remade
    and scrapes.scraped_at >= getvariable('first_changed')
    and scrapes.scraped_at < getvariable('end_changed');

-- One row per new scrape. A page of another process than the one before proves a restart if that
-- process began since; otherwise several servers share the address. The first page of a target that
-- was discovered proves a start if the process began after the last list without the target. Clocks
-- of server and collector may differ by two seconds.
create or replace temp table turns as
with outcomes as (
    select
        target,
        scraped_at,
        bool_or(is_changed) as is_changed,
        bool_or(value = 1) as is_up,
        max(regexp_extract(scrape_labels, 'reason="([^"]*)"', 1)) as reason,
        max(started_at) as started_at,
        max(page_process) as process
    from needed_samples
    where metric = 'up'
    group by target, scraped_at
),

in_order as (
    select
        *,
        max(case when is_up then scraped_at end) over (
            partition by target
            order by scraped_at
            rows between unbounded preceding and 1 preceding
        ) as last_up_at,
        last_value(case when is_up then process end ignore nulls) over (
            partition by target
            order by scraped_at
            rows between unbounded preceding and 1 preceding
        ) as last_process
    from outcomes
),

unlisted as (
    select
        name as target,
        min((entry ->> '$.not_listed_at')::timestamptz) as not_listed_at
    from raw.tier_file
    where section = 'target'
    group by all
)

select
    in_order.*,
    in_order.is_up
    and in_order.process > 0
    and in_order.process <> in_order.last_process as is_other_process,
    in_order.last_up_at <= to_timestamp(in_order.process) + interval 2 seconds as began_since,
    coalesce(
        in_order.is_up
        and in_order.process > 0
        and in_order.last_up_at is null
        and unlisted.not_listed_at <= to_timestamp(in_order.process) + interval 2 seconds,
        false
    ) as is_first_start
from in_order
left join unlisted
    on in_order.target = unlisted.target
where in_order.is_changed;

insert into ledger.scrapes by name
select
    turns.target,
    turns.scraped_at,
    turns.is_up,
    case when not turns.is_up then nullif(turns.reason, '') end as reason,
    turns.started_at,
    (epoch_us(turns.scraped_at) - epoch_us(turns.last_up_at)) / 1e6 as seconds_since_last,
    not turns.is_up
    or coalesce(turns.scraped_at > turns.last_up_at + limits.gap, false) as is_gap,
    coalesce(turns.is_other_process and turns.began_since, false) as is_restart,
    case
        when
            turns.is_other_process
            and turns.last_process > 0
            and not turns.began_since
            then 'its process began before the last scrape: several servers share this address'
    end as contradiction
from turns
inner join limits
    on turns.target = limits.target;

-- A process that is proven to have begun while its target was watched: all that it counted is of the
-- time since.
delete from ledger.proven_processes using changed_hours
where
    proven_processes.target = changed_hours.target
    and date_trunc('hour', proven_processes.first_page_at) = changed_hours.hour_at
    and changed_hours.is_remade
    and proven_processes.first_page_at >= getvariable('first_changed')
    and proven_processes.first_page_at < getvariable('end_changed');

insert into ledger.proven_processes by name
select
    target,
    date_trunc('second', started_at) as started_second,
    min(scraped_at) as first_page_at,
    coalesce(bool_or(is_other_process), false) as is_restart
from turns
where
    (is_other_process and began_since)
    or is_first_start
group by all;

-- One row per such process of these targets.
create or replace temp table proven_processes as
select
    proven.target,
    processes.process,
    min(proven.first_page_at) as first_page_at,
    arg_min(proven.is_restart, proven.first_page_at) as is_restart
from ledger.proven_processes as proven
inner join ledger.processes
    on
        proven.target = processes.target
        and proven.started_second = processes.started_second
semi join changed_hours
    on proven.target = changed_hours.target
group by all;
