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
