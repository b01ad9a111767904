delete from ledger.scrapes using changed_hours
where
    scrapes.target = changed_hours.target
    and date_trunc('hour', scrapes.scraped_at) = changed_hours.hour_at;

-- One row per scrape of a changed hour.
insert into ledger.scrapes by name
with outcomes as (
    select
        target,
        scraped_at,
        bool_or(is_changed) as is_changed,
        bool_or(value = 1) as is_up,
        max(regexp_extract(scrape_labels, 'reason="([^"]*)"', 1)) as reason,
        max(started_at) as started_at
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
        ) as last_up_at
    from outcomes
)

select
    in_order.target,
    in_order.scraped_at,
    in_order.is_up,
    case when not in_order.is_up then nullif(in_order.reason, '') end as reason,
    in_order.started_at,
    (epoch_us(in_order.scraped_at) - epoch_us(in_order.last_up_at)) / 1e6 as seconds_since_last,
    not in_order.is_up
    or coalesce(in_order.scraped_at > in_order.last_up_at + limits.gap, false) as is_gap
from in_order
inner join limits
    on in_order.target = limits.target
where in_order.is_changed;

-- One row per process of these pages: when it says that it started, and when it was scraped first.
-- It is proven to have begun while its target was watched if a scrape came before its start and none
-- of another process since: all that it counted is then of the time since.
create or replace temp table processes_seen as
with seen as (
    select distinct
        target,
        process
    from series
    where process > 0
),

pages as (
    select
        scrapes.target,
        scrapes.scraped_at,
        coalesce(processes.process, 0) as process
    from ledger.scrapes
    semi join seen
        on scrapes.target = seen.target
    left join ledger.processes
        on
            scrapes.target = processes.target
            and date_trunc('second', scrapes.started_at) = processes.started_second
    where scrapes.is_up
),

starts as (
    select
        target,
        process,
        to_timestamp(process) + interval 2 seconds as started_at,
        min(scraped_at) as first_page_at
    from pages
    semi join seen
        using (target, process)
    group by all
)

select
    starts.target,
    starts.process,
    starts.first_page_at,
    coalesce(bool_or(others.scraped_at <= starts.started_at), false)
    and not coalesce(bool_or(others.scraped_at > starts.started_at), false) as is_proven
from starts
left join pages as others
    on
        starts.target = others.target
        and starts.process <> others.process
        and starts.first_page_at > others.scraped_at
group by all;

-- Restarts that pages with a start prove, and pages of another process than the one before that
-- did not start since.
update ledger.scrapes
set
    is_restart = turns.is_proven,
    contradiction = case
        when not turns.is_proven
            then 'its process began before the last scrape: several servers share this address'
    end
from (
    select
        pages.target,
        pages.scraped_at,
        processes_seen.is_proven
        and processes_seen.first_page_at = pages.scraped_at as is_proven
    from (
        select
            scrapes.target,
            scrapes.scraped_at,
            processes.process,
            lag(processes.process) over (
                partition by scrapes.target
                order by scrapes.scraped_at
            ) as process_before
        from ledger.scrapes
        inner join ledger.processes
            on
                scrapes.target = processes.target
                and date_trunc('second', scrapes.started_at) = processes.started_second
        semi join (select distinct series.target from series where series.process > 0) as seen
            on scrapes.target = seen.target
        where scrapes.is_up
    ) as pages
    inner join processes_seen
        using (target, process)
    where pages.process <> pages.process_before
) as turns
where
    scrapes.target = turns.target
    and scrapes.scraped_at = turns.scraped_at
    and scrapes.target in (select changed_hours.target from changed_hours);
