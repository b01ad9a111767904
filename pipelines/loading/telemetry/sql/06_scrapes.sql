delete from ledger.scrapes using changed_hours
where
    scrapes.target = changed_hours.target
    and date_trunc('hour', scrapes.scraped_at) = changed_hours.hour_at;

-- One row per scrape of a changed hour. A page of another process than the one before proves a
-- restart if that process began since; otherwise several servers share the address. Clocks of server
-- and collector may differ by two seconds.
insert into ledger.scrapes by name
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

turns as (
    select
        *,
        is_up and process > 0 and process <> last_process as is_other_process,
        last_up_at <= to_timestamp(process) + interval 2 seconds as began_since
    from in_order
)

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
    on turns.target = limits.target
where turns.is_changed;

-- One row per process that is proven to have begun while its target was watched: all that it counted
-- is of the time since.
create or replace temp table proven_processes as
select
    scrapes.target,
    processes.process,
    min(scrapes.scraped_at) as first_page_at
from ledger.scrapes
inner join ledger.processes
    on
        scrapes.target = processes.target
        and date_trunc('second', scrapes.started_at) = processes.started_second
semi join changed_hours
    on scrapes.target = changed_hours.target
where scrapes.is_restart
group by all;
