-- The last sample of a series may have been taken back, so those of its target are found again.
delete from ledger.series_state
where target in (select incoming.target from incoming);

insert into ledger.series_state by name
select
    target,
    engine,
    metric,
    kind,
    part,
    le,
    model_name,
    series_labels as labels,
    device,
    value,
    scraped_at,
    started_at,
    way
from identified_samples
where
    target in (select incoming.target from incoming)
    and (
        kind in ('counter', 'histogram')
        or metric = 'power_watts'
        or (metric = 'up' and value = 1)
    )
qualify
    row_number() over (
        partition by target, metric, part, le, model_name, series_labels, device, process
        order by case when process > 0 then value else 0 end desc, scraped_at desc
    ) = 1;

delete from ledger.target_state
where target in (select incoming.target from incoming);

insert into ledger.target_state by name
select
    incoming_targets.target,
    max(samples.scraped_at) as last_at,
    any_value(incoming_targets.reason_at + limits.reach) as unsettled_until
from incoming_targets
inner join limits
    on incoming_targets.target = limits.target
inner join raw.telemetry_samples as samples
    on incoming_targets.target = samples.target
group by incoming_targets.target;
